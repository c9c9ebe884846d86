/**
 * Worker: one thread with its own listener on the common port. It serves the generation it was given
 * last.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";

import { viewVerified } from "../artifact/view.ts";
import { AdminRoute } from "./admin/admin-route.ts";
import { ConnectionCounter, ConnectionCounts } from "./connection-counts.ts";
import { giveListeners, takeListeners } from "./descriptor-passing.ts";
import { descriptorEdges } from "./descriptors.ts";
import { Generation } from "./generation.ts";
import { GiveBack } from "./give-back.ts";
import { handoverPath } from "./handover.ts";
import { limitConnects, type TcpHandle } from "./http/tcp-handle.ts";
import { Listener } from "./listener.ts";
import { type ListeningHandle, socketsPerAddress } from "./listening-sockets.ts";
import type { FromWorker, GenerationMessage, ToWorker, WorkerStart } from "./messages.ts";
import { Observer } from "./observation/observer.ts";
import type { PoolContext } from "./pool/pool.ts";
import { PoolRegistry } from "./pool/pool-registry.ts";
import { RemoteNames } from "./pool/remote-names.ts";
import { PoolState } from "./pool/state/pool-state.ts";
import { reason } from "./reason.ts";
import { RetiredArtifacts } from "./retired-artifacts.ts";
import { Runtime } from "./runtime.ts";
import { watchStarvation } from "./starvation.ts";
import { StreamCounters } from "./stream/stream-counters.ts";
import { StreamLog } from "./stream/stream-log.ts";
import { Streams } from "./stream/streams.ts";
import { beat } from "./watchdog.ts";

/** While draining, a connection without a request for so long is closed. */
const DRAIN_IDLE_MS = 1_000;
/** Pools that were not used since a generation came are let go after so long. */
const POOL_SWEEP_MS = 60_000;
/** Connections that were turned away are told of together. */
const SHED_TELL_MS = 500;

const start = workerData as WorkerStart;
const port = parentPort as MessagePort;
const names = new RemoteNames(tell);
const poolContext: PoolContext = {
  state: PoolState.over(start.pools, start.index),
  names,
  tell: (event) => tell({ type: "pool-event", event }),
  random: Math.random,
};
const pools = new PoolRegistry(poolContext);
const connections = ConnectionCounts.over(start.connections);
const observer = new Observer(start.observation, (message) =>
  tell({ type: "observation", message }),
);
const runtime = new Runtime(
  open(start.generation),
  new ConnectionCounter(connections, start.index),
  observer,
);
runtime.admin = new AdminRoute(start.admin, poolContext);

runtime.deadlines.start();
beat(start.beats, start.index);
observer.watchClock(runtime.deadlines);
runtime.buffers.onFault = (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({
    type: "log",
    level: "error",
    message: "Connection failed by a bug",
    fields: { error: text },
  });
};

runtime.failures.tell = (failure) => {
  tell({
    type: "log",
    level: "warn",
    module: "proxy",
    message: "Request failed",
    fields: { ...failure },
  });
};

new GiveBack(pools, () => runtime.generation).start();

const edges = descriptorEdges(start.descriptorsMax);
limitConnects(edges.backends);
const retired = new RetiredArtifacts();
let sweep: NodeJS.Timeout | undefined;
const listener = new Listener(runtime, start.generation.tls, admits);
const streamLog = new StreamLog({
  now: () => runtime.deadlines.now,
  isVerbose: () => runtime.generation.settings.logLevels.includes("debug"),
  tell: (level, message, fields) => tell({ type: "log", level, module: "stream", message, fields }),
});
const streams = new Streams({
  context: {
    runtime,
    counters: new StreamCounters(start.streamCounters, start.index, (row) =>
      tell({ type: "stream-row", row }),
    ),
    onEnd: (record) => {
      streamLog.ended(record);
      observer.streamEnded(record);
    },
    onFailure: (failure) => streamLog.failed(failure),
  },
  worker: start.index,
  workers: start.count,
  descriptorsMax: start.descriptorsMax,
  admits,
  // All workers say the same.
  tell: (message, fields) => {
    const level = fields.error === undefined ? "info" : "error";
    if (start.index === 0) tell({ type: "log", level, module: "stream", message, fields });
  },
});
let shed = 0;
watchStarvation(() => {
  tell({ type: "log", level: "warn", message: "Not one descriptor is left", fields: {} });
});

listen().then(
  ({ number, taken }) => {
    tell({ type: "listening", port: number, taken });
    tell({ type: "serving", generation: start.generation.number });
  },
  (error: unknown) => tell({ type: "listen-failed", message: reason(error) }),
);

port.on("message", (message: ToWorker) => {
  if (message.type === "generation") swap(message.generation);
  else if (message.type === "announce") runtime.isDraining = true;
  else if (message.type === "observation") observer.receive(message.message);
  else if (message.type === "drain") void drain(message.timeoutMs);
  else if (message.type === "endpoints")
    names.learnt(message.key, message.endpoints, message.error);
  else if (message.type === "give") give(message);
  else finish();
});

async function listen(): Promise<{ number: number; taken: number }> {
  const taken = await takeOver();
  const { descriptorsMax, count: workers, generation } = start;
  const isTls = generation.tls !== undefined;
  const sockets = socketsPerAddress({ descriptorsMax, workers, addresses: 1, isTls });
  const number = await listener.open({ ...start.listen, sockets, taken });
  const [failure] = await streams.serve(runtime.generation.streams, generation.streams);
  if (failure !== undefined) throw new Error(failure);
  return { number, taken: taken.length };
}

/** This worker's share of what another process listens with. */
async function takeOver(): Promise<ListeningHandle[][]> {
  const { handoverBase, index, count } = start;
  const taken: ListeningHandle[][] = [];
  if (handoverBase === undefined) return taken;
  for (let other = index; ; other += count) {
    const given = await takeListeners(handoverPath(handoverBase, other));
    if (given === "nobody") return taken;
    if (given.length > 0) taken.push(given);
  }
}

/** Where they are closed, whoever asks for them gets none. */
function give({ fd, at }: { fd: number; at: number }): void {
  giveListeners(fd, listener.sockets[at]?.handles ?? []);
}

/** Near the limit of descriptors new connections are turned away, so that those that stand are served. */
function admits(handle: TcpHandle): boolean {
  if (handle.fd < edges.clients) return true;
  if (shed++ === 0) {
    setTimeout(() => {
      tell({ type: "shed", count: shed });
      shed = 0;
    }, SHED_TELL_MS).unref();
  }
  return false;
}

/** From this line on every new request is served by the new generation; those under way finish. */
function swap(generation: GenerationMessage): void {
  const next = open(generation);
  retired.add(runtime.generation.view.strings.buffer.byteLength);
  // Connections of streams that have no backend yet have it from the pools of their generation.
  for (const pool of runtime.generation.streamPools) pool.wasUsed = true;
  runtime.serve(next);
  if (generation.tls !== undefined) listener.setTls(generation.tls);
  void streams.serve(next.streams, generation.streams).then(() => {
    tell({ type: "serving", generation: generation.number });
  });
  sweepLater();
}

/** Also where generations come faster than pools are let go. */
function sweepLater(): void {
  const { number } = runtime.generation;
  sweep ??= setTimeout(() => {
    sweep = undefined;
    pools.sweep(number);
    if (runtime.generation.number !== number) sweepLater();
  }, POOL_SWEEP_MS).unref();
}

function open({ bytes, references }: GenerationMessage): Generation {
  return new Generation(viewVerified(bytes), references, pools);
}

/** No new connections; answers say so; ends when all are done or the time is over. */
async function drain(timeoutMs: number): Promise<void> {
  runtime.isDraining = true;
  const end = performance.now() + timeoutMs;
  await Promise.all([listener.close(), streams.close()]);
  const isDone = (): boolean => runtime.clients.size === 0 && listener.handshakes === 0;
  const check = (): void => {
    for (const client of runtime.clients) if (client.idleMs >= DRAIN_IDLE_MS) client.close();
    if (isDone() || performance.now() >= end) finish();
  };
  runtime.onClientGone = () => {
    if (isDone()) finish();
  };
  // Behind a poll: a request that has come in is seen before its connection could be taken for idle.
  setInterval(() => setImmediate(check), 50);
  check();
}

/** What is not done is cut, so that no client takes half an answer for a whole one. */
function finish(): void {
  for (const client of runtime.clients) client.cut();
  observer.finish();
  tell({ type: "drained" });
  port.close();
  // In a worker this ends the thread.
  process.exit(0);
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}
