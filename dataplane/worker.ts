/**
 * Worker: one thread with its own listener on the common port. It serves the generation it was given
 * last.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";

import { viewVerified } from "../artifact/view.ts";
import { Generation } from "./generation.ts";
import { createListener } from "./listener.ts";
import {
  type FromWorker,
  type GenerationMessage,
  type ToWorker,
  type WorkerStart,
} from "./messages.ts";
import { PoolRegistry } from "./pool/pool-registry.ts";
import { Runtime } from "./runtime.ts";

/** While draining, a connection without a request for so long is closed. */
const DRAIN_IDLE_MS = 1_000;
/** Pools that a generation has not used after so long are let go. */
const POOL_SWEEP_MS = 60_000;

const start = workerData as WorkerStart;
const port = parentPort as MessagePort;
const pools = new PoolRegistry();
const runtime = new Runtime(open(start.generation));

runtime.deadlines.start();
runtime.buffers.onFault = (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({
    type: "log",
    level: "error",
    message: "Connection failed by a bug",
    fields: { error: text },
  });
};

const listener = createListener(runtime, start.generation.tls);
listener.open(start.listen).then(
  (number) => {
    tell({ type: "listening", port: number });
    tell({ type: "serving", generation: start.generation.number });
  },
  (error: unknown) => tell({ type: "listen-failed", message: (error as Error).message }),
);

port.on("message", (message: ToWorker) => {
  if (message.type === "generation") swap(message.generation);
  else if (message.type === "drain") drain(message.timeoutMs);
  else finish();
});

/** From this line on every new request is served by the new generation; those under way finish. */
function swap(generation: GenerationMessage): void {
  const next = open(generation);
  runtime.generation = next;
  if (generation.tls !== undefined) listener.setTls(generation.tls);
  tell({ type: "serving", generation: generation.number });
  const sweep = (): void => {
    if (runtime.generation === next) pools.sweep(next);
  };
  setTimeout(sweep, POOL_SWEEP_MS).unref();
}

function open({ bytes, resolved, turns }: GenerationMessage): Generation {
  return new Generation(viewVerified(bytes), resolved, turns, pools);
}

/** No new connections; answers say so; ends when all are done or the time is over. */
function drain(timeoutMs: number): void {
  runtime.isDraining = true;
  listener.close();
  const end = performance.now() + timeoutMs;
  const check = (): void => {
    for (const client of runtime.clients) if (client.idleMs >= DRAIN_IDLE_MS) client.close();
    if (runtime.clients.size === 0 || performance.now() >= end) finish();
  };
  runtime.onClientGone = () => {
    if (runtime.clients.size === 0) finish();
  };
  setInterval(check, 50);
  check();
}

/** What is not done is cut, so that no client takes half an answer for a whole one. */
function finish(): void {
  for (const client of runtime.clients) client.cut();
  tell({ type: "drained" });
  port.close();
  // In a worker this ends the thread.
  process.exit(0);
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}
