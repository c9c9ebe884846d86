/**
 * Workers: starts the threads, hands them each generation, replaces one that dies, and drains them.
 */
import { Worker } from "node:worker_threads";

import type { AdminChannel } from "./admin/admin-route.ts";
import type { ConnectionCounts } from "./connection-counts.ts";
import type { Log } from "./log.ts";
import type { FromWorker, GenerationMessage, ToWorker, WorkerStart } from "./messages.ts";
import type { FromObserver, ObservationStart, ToObserver } from "./observation/messages.ts";
import type { Names } from "./pool/endpoints.ts";
import { logPoolEvent, type PoolEvent } from "./pool/pool-events.ts";
import type { PoolState } from "./pool/state/pool-state.ts";
import { WorkerNames } from "./pool/worker-names.ts";
import { RestartDelay } from "./restart-delay.ts";
import { Shed } from "./shed.ts";
import type { StreamDirectory } from "./stream/stream-directory.ts";
import { createBeats, HANGS_AFTER_MS, Watchdog } from "./watchdog.ts";

/**
 * What a request leaves behind dies young, so a small nursery is as good as Node's large one, and each
 * worker stays some 10 MB smaller under load.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 6 };
/** A worker is asked to end itself; one that does not is ended after so long. */
const CUT_MS = 1_000;

/** What does not change while the process runs. */
export interface WorkersOptions {
  count: number;
  listen: { host: string; port: number };
  /** Descriptors that the process may have. */
  descriptorsMax: number;
  /** Where workers count their connections. */
  connections: ConnectionCounts;
  /** What all threads know of pools and backends. */
  pools: PoolState;
  /** Where backends are that have names. */
  names: Names;
  /** What is known of streams. */
  streams: StreamDirectory;
  /** Where another process may give what it listens with. */
  handoverBase: string | undefined;
  /** Who is told what workers note. */
  observation: WorkerObservation;
  /** Where workers hand what operators ask. */
  admin: AdminChannel;
}

/** Who watches the workers, each by its index. */
interface WorkerObservation {
  start(worker: number): ObservationStart;
  end(worker: number): void;
  receive(worker: number, message: FromObserver): ToObserver | undefined;
}

/** Sockets that a worker listens with and that were opened together. */
export interface ListeningGroup {
  worker: number;
  at: number;
}

export class Workers {
  /** Told of what a worker says has become of a backend, once the log has been. */
  onPoolEvent: (event: PoolEvent) => void = () => {};
  readonly #options: WorkersOptions;
  readonly #log: Log;
  readonly #shed: Shed;
  readonly #names: WorkerNames;
  readonly #workers = new Map<number, Worker>();
  readonly #serving = new Map<number, number>();
  readonly #delays = new Map<number, RestartDelay>();
  readonly #beats: SharedArrayBuffer;
  readonly #watchdog: Watchdog;
  /** Workers that are being ended because they hang. */
  readonly #hung = new Set<number>();
  #listen: { host: string; port: number };
  #generation: GenerationMessage;
  /** Groups of listening sockets taken over from another process. */
  #taken = 0;
  /** How many each worker listens with. */
  readonly #groups: number[] = [];
  /** Workers that have died since the start. */
  #deaths = 0;
  #isDraining = false;
  #isEnding = false;
  #onServing: () => void = () => {};
  #onEnd: () => void = () => {};

  constructor(options: WorkersOptions, generation: GenerationMessage, log: Log) {
    this.#options = options;
    this.#listen = options.listen;
    this.#generation = generation;
    this.#log = log;
    this.#beats = createBeats(options.count);
    this.#watchdog = new Watchdog(this.#beats, (worker) => this.#endHung(worker));
    this.#names = new WorkerNames(options.names, (index, message) => {
      this.#workers.get(index)?.postMessage(message);
    });
    this.#shed = new Shed((count, total) => {
      const limit = options.descriptorsMax;
      log.write("warn", "worker", "Connections turned away: out of descriptors", {
        count,
        total,
        limit,
      });
    });
  }

  /** Groups of listening sockets that were taken over from another process: one of each of its workers. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Starts all workers. The first one's port is the port of the others, so that port 0 is one port.
   *
   * @returns the port
   * @throws Error where the address cannot be listened on
   */
  async start(): Promise<number> {
    const { count, handoverBase } = this.#options;
    this.#watchdog.start();
    const port = await this.#startOne(0, handoverBase);
    this.#listen = { ...this.#listen, port };
    const rest = Array.from({ length: count - 1 }, (_, index) =>
      this.#startOne(index + 1, handoverBase),
    );
    await Promise.all(rest);
    return port;
  }

  /** Hands a generation to all workers; resolves when every one serves it. */
  async serve(generation: GenerationMessage): Promise<void> {
    this.#generation = generation;
    await new Promise<void>((resolve) => {
      this.#onServing = () => {
        const all = [...this.#workers.keys()].every(
          (index) => this.#serving.get(index) === generation.number,
        );
        if (all) resolve();
      };
      this.#send({ type: "generation", generation });
    });
  }

  /** Tells a worker's observer something. */
  tell(index: number, message: ToObserver): void {
    this.#workers.get(index)?.postMessage({ type: "observation", message } satisfies ToWorker);
  }

  /** How many there should be, and are. */
  get states(): { wanted: number; serving: number } {
    return { wanted: this.#options.count, serving: this.#serving.size };
  }

  /** Workers that have died since the start, and connections that were turned away. */
  get deaths(): number {
    return this.#deaths;
  }

  get turnedAway(): number {
    return this.#shed.total;
  }

  /** How busy each worker's thread was since the start, from 0 to 1. */
  utilization(): { worker: number; ratio: number }[] {
    return [...this.#workers].map(([worker, { performance }]) => ({
      worker,
      ratio: performance.eventLoopUtilization().utilization,
    }));
  }

  /** Answers say `Connection: close` from now on; new connections are still accepted. */
  announceDrain(): void {
    this.#isDraining = true;
    this.#send({ type: "announce" });
  }

  /** All groups of listening sockets: whose, and which of its. */
  get groups(): ListeningGroup[] {
    return this.#groups.flatMap((count, worker) =>
      Array.from({ length: count }, (_, at) => ({ worker, at })),
    );
  }

  /**
   * Gives a group of listening sockets to the process at the other end of a descriptor.
   *
   * @returns false where its worker cannot, as it is being replaced
   */
  give({ worker: index, at }: ListeningGroup, fd: number): boolean {
    const worker = this.#workers.get(index);
    if (worker === undefined || !this.#serving.has(index)) return false;
    worker.postMessage({ type: "give", fd, at } satisfies ToWorker);
    return true;
  }

  /** Lets every worker finish what it does, at most so long. Resolves when all have ended. */
  async drain(timeoutMs: number): Promise<void> {
    await this.#end({ type: "drain", timeoutMs }, timeoutMs + CUT_MS);
  }

  /** Ends every worker now. */
  async cut(): Promise<void> {
    await this.#end({ type: "cut" }, CUT_MS);
  }

  /** A worker that does not do as it is told within so long is ended from here. */
  async #end(message: ToWorker, withinMs: number): Promise<void> {
    this.#isEnding = true;
    this.#watchdog.stop();
    const ended = this.#allEnded();
    this.#send(message);
    const timer = setTimeout(() => {
      for (const worker of this.#workers.values()) void worker.terminate();
    }, withinMs);
    await ended;
    clearTimeout(timer);
  }

  #send(message: ToWorker): void {
    for (const worker of this.#workers.values()) worker.postMessage(message);
  }

  async #allEnded(): Promise<void> {
    if (this.#workers.size === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.#onEnd;
      this.#onEnd = () => {
        before();
        resolve();
      };
    });
  }

  #startOne(index: number, handoverBase?: string): Promise<number> {
    const workerData: WorkerStart = {
      index,
      count: this.#options.count,
      listen: this.#listen,
      generation: this.#generation,
      descriptorsMax: this.#options.descriptorsMax,
      connections: this.#options.connections.memory,
      pools: this.#options.pools.buffer,
      streamCounters: this.#options.streams.counters,
      beats: this.#beats,
      observation: this.#options.observation.start(index),
      admin: this.#options.admin,
      handoverBase,
    };
    // A module beside this one: .ts in a checkout, .js in the published package.
    const file = new URL(
      import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
      import.meta.url,
    );
    const startedAt = performance.now();
    let worker: Worker;
    try {
      worker = new Worker(file, { workerData, resourceLimits: RESOURCE_LIMITS });
    } catch (error) {
      this.#died(index, { livedMs: 0, error: String(error) });
      return Promise.reject(error as Error);
    }
    this.#workers.set(index, worker);
    if (this.#isDraining) worker.postMessage({ type: "announce" } satisfies ToWorker);
    return new Promise((resolve, reject) => {
      let failure = "it ended by itself";
      worker.on("message", (message: FromWorker) => {
        if (message.type === "listening") {
          this.#taken += message.taken;
          this.#groups[index] = Math.max(message.taken, 1);
          resolve(message.port);
        } else if (message.type === "listen-failed") {
          failure = message.message;
          reject(new Error(failure));
          void worker.terminate();
        } else if (message.type === "serving") {
          if (!this.#isEnding) this.#watchdog.watch(index);
          this.#serving.set(index, message.generation);
          this.#onServing();
        } else if (message.type === "shed") this.#shed.add(message.count);
        else if (message.type === "name") this.#names.wanted(index, message);
        else if (message.type === "stream-row") this.#options.streams.named(index, message.row);
        else if (message.type === "pool-event") {
          logPoolEvent(this.#log, message.event);
          this.onPoolEvent(message.event);
        } else if (message.type === "observation") this.#observe(index, message.message);
        else if (message.type === "log")
          this.#log.write(
            message.level,
            message.module ?? "worker",
            message.message,
            message.fields,
          );
      });
      worker.on("error", (error: unknown) => {
        failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
        reject(error);
      });
      worker.on("exit", () => {
        reject(new Error(failure));
        if (this.#workers.get(index) !== worker) return;
        this.#workers.delete(index);
        this.#serving.delete(index);
        this.#watchdog.forget(index);
        if (this.#hung.delete(index)) failure = `it did nothing for ${HANGS_AFTER_MS} ms`;
        this.#options.connections.forget(index);
        this.#options.pools.forget(index);
        this.#options.streams.forget(index);
        this.#names.forget(index);
        this.#options.observation.end(index);
        this.#onServing();
        if (!this.#isEnding)
          this.#died(index, { livedMs: performance.now() - startedAt, error: failure });
        else if (this.#workers.size === 0) this.#onEnd();
      });
    });
  }

  /** It serves nobody, and whoever waits for all workers waits for it: its sibling to be takes its place. */
  #endHung(index: number): void {
    const worker = this.#workers.get(index);
    if (worker === undefined) return;
    this.#hung.add(index);
    void worker.terminate();
  }

  #observe(index: number, message: FromObserver): void {
    const reply = this.#options.observation.receive(index, message);
    if (reply !== undefined) this.tell(index, reply);
  }

  /** Another worker takes its place: at once, or later where one has died just before. */
  #died(index: number, died: { livedMs: number; error: string }): void {
    const delay = this.#delays.get(index) ?? new RestartDelay();
    this.#delays.set(index, delay);
    const waitMs = delay.next(died.livedMs);
    this.#log.write("error", "worker", "Worker died", {
      worker: index,
      error: died.error,
      lived_ms: Math.round(died.livedMs),
      deaths: ++this.#deaths,
      restart_in_ms: waitMs,
    });
    setTimeout(() => void this.#replace(index), waitMs);
  }

  async #replace(index: number): Promise<void> {
    if (this.#isEnding) return;
    const startedAt = performance.now();
    try {
      await this.#startOne(index);
    } catch {
      // It has died, too, and that was said.
      return;
    }
    const milliseconds = Math.round(performance.now() - startedAt);
    this.#log.write("info", "worker", "Worker replaced", { worker: index, milliseconds });
  }
}
