/**
 * Workers: starts the threads, hands them each generation, replaces one that dies, and drains them.
 */
import { Worker } from "node:worker_threads";

import { type Log } from "./log.ts";
import {
  type FromWorker,
  type GenerationMessage,
  type ToWorker,
  type WorkerStart,
} from "./messages.ts";

/** A worker that dies sooner than this after its start is not started again at once. */
const RESTART_MS = 500;
/** A worker is asked to end itself; one that does not is ended after so long. */
const CUT_MS = 1_000;

export class Workers {
  readonly #count: number;
  readonly #log: Log;
  readonly #workers = new Map<number, Worker>();
  readonly #serving = new Map<number, number>();
  #listen: { host: string; port: number };
  #generation: GenerationMessage;
  #isEnding = false;
  #onServing: () => void = () => {};
  #onEnd: () => void = () => {};

  constructor(
    count: number,
    listen: { host: string; port: number },
    generation: GenerationMessage,
    log: Log,
  ) {
    this.#count = count;
    this.#listen = listen;
    this.#generation = generation;
    this.#log = log;
  }

  /**
   * Starts all workers. The first one's port is the port of the others, so that port 0 is one port.
   *
   * @returns the port
   * @throws Error where the address cannot be listened on
   */
  async start(): Promise<number> {
    const port = await this.#startOne(0);
    this.#listen = { ...this.#listen, port };
    const rest = Array.from({ length: this.#count - 1 }, (_, index) => this.#startOne(index + 1));
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

  /** Lets every worker finish what it does, at most so long. Resolves when all have ended. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isEnding = true;
    const ended = this.#allEnded();
    this.#send({ type: "drain", timeoutMs });
    await ended;
  }

  /** Ends every worker now. */
  async cut(): Promise<void> {
    this.#isEnding = true;
    const ended = this.#allEnded();
    this.#send({ type: "cut" });
    const timer = setTimeout(() => {
      for (const worker of this.#workers.values()) void worker.terminate();
    }, CUT_MS);
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

  #startOne(index: number): Promise<number> {
    const workerData: WorkerStart = { index, listen: this.#listen, generation: this.#generation };
    // A module beside this one: .ts in a checkout, .js in the published package.
    const file = new URL(
      import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
      import.meta.url,
    );
    const worker = new Worker(file, { workerData });
    const startedAt = performance.now();
    this.#workers.set(index, worker);
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromWorker) => {
        if (message.type === "listening") resolve(message.port);
        else if (message.type === "listen-failed") reject(new Error(message.message));
        else if (message.type === "serving") {
          this.#serving.set(index, message.generation);
          this.#onServing();
        } else if (message.type === "log")
          this.#log.write(message.level, "worker", message.message, message.fields);
      });
      worker.on("error", (error) => {
        this.#log.write("error", "worker", "Worker failed", {
          worker: index,
          error: error.stack ?? error.message,
        });
        reject(error);
      });
      worker.on("exit", () => this.#exited(index, worker, startedAt));
    });
  }

  #exited(index: number, worker: Worker, startedAt: number): void {
    if (this.#workers.get(index) !== worker) return;
    this.#workers.delete(index);
    this.#serving.delete(index);
    this.#onServing();
    if (this.#isEnding) {
      if (this.#workers.size === 0) this.#onEnd();
      return;
    }
    const wait = performance.now() - startedAt < RESTART_MS ? RESTART_MS : 0;
    this.#log.write("error", "worker", "Worker replaced", { worker: index, after_ms: wait });
    setTimeout(() => {
      if (this.#isEnding) return;
      this.#startOne(index).catch((error: unknown) => {
        this.#log.write("error", "worker", "Worker did not start", {
          worker: index,
          error: String(error),
        });
      });
    }, wait);
  }
}
