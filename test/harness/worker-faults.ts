// Worker faults: makes workers of a data plane die, as a bug of ours would. It is loaded into the data
// plane's threads by `--import`, so that nothing of it is in the product. The main thread takes orders
// on standard input, a line each: `throw 1` for the worker with index 1.

import { BroadcastChannel, isMainThread, workerData } from "node:worker_threads";

/** What can happen to a worker. */
export type Fault = "throw" | "reject" | "memory" | "exit" | "hang";

/** Environment that loads this file into a data plane. */
export const WORKER_FAULTS = { NODE_OPTIONS: `--import=${import.meta.url}` };
/** With this too, worker 1 dies at once whenever it starts. */
export const DIES_AT_START = { BALTO_TEST_DIES_AT_START: "1" };

const channel = "balto-test-faults";

if (process.execArgv.length === 0 && process.env["NODE_OPTIONS"]?.includes(import.meta.url)) {
  if (isMainThread) listenForOrders();
  else obeyOrders((workerData as { index: number }).index);
}

function listenForOrders(): void {
  const orders = new BroadcastChannel(channel);
  orders.unref();
  process.stdin.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trim().split("\n")) {
      const [fault, worker] = line.split(" ");
      if (worker !== "main") orders.postMessage({ fault, worker: Number(worker) });
      else if (fault === "reject") void Promise.reject(new Error("a fault of the test"));
      else throw new Error("a fault of the test");
    }
  });
}

function obeyOrders(index: number): void {
  if (index === 1 && process.env["BALTO_TEST_DIES_AT_START"] !== undefined) {
    setTimeout(() => die("throw"), 20);
  }
  const orders = new BroadcastChannel(channel);
  orders.unref();
  orders.onmessage = (event: unknown) => {
    const { fault, worker } = (event as { data: { fault: Fault; worker: number } }).data;
    if (worker === index) setImmediate(() => die(fault));
  };
}

function die(fault: Fault): void {
  if (fault === "throw") throw new Error("a fault of the test");
  if (fault === "reject") void Promise.reject(new Error("a fault of the test"));
  // oxlint-disable-next-line no-restricted-properties -- it ends the thread
  if (fault === "exit") process.exit(3);
  if (fault === "hang") for (;;);
  if (fault === "memory") {
    const kept: object[] = [];
    for (;;) kept.push(Array.from({ length: 1_000 }, (_, at) => ({ at })));
  }
}
