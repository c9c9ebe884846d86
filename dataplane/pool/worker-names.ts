/**
 * Worker names: what the workers want to know of names, answered from the main thread's directory. The
 * other end is `remote-names.ts`.
 */
import type { NameWanted, ToWorker } from "../messages.ts";
import { nameKey, type Names, type NameWatch } from "./endpoints.ts";

export class WorkerNames {
  readonly #names: Names;
  readonly #send: (worker: number, message: ToWorker) => void;
  /** What each worker uses. */
  readonly #watches = new Map<number, Map<string, NameWatch>>();

  constructor(names: Names, send: (worker: number, message: ToWorker) => void) {
    this.#names = names;
    this.#send = send;
  }

  /** A message of a worker. */
  wanted(worker: number, { does, host, policy }: NameWanted): void {
    let watches = this.#watches.get(worker);
    if (watches === undefined) this.#watches.set(worker, (watches = new Map<string, NameWatch>()));
    const key = nameKey(host, policy);
    const before = watches.get(key);
    if (does === "forget") {
      watches.delete(key);
      before?.close();
      return;
    }
    let watch = before;
    const tell = (): void => {
      if (watch === undefined || this.#watches.get(worker)?.get(key) !== watch) return;
      const { endpoints, error } = watch;
      this.#send(worker, { type: "endpoints", key, endpoints, error });
    };
    if (watch === undefined || does === "watch") {
      // Behind what the main thread does itself: probes have said what becomes of a new endpoint.
      watch = this.#names.watch(host, policy, () => queueMicrotask(tell));
      watches.set(key, watch);
      before?.close();
    } else watch.failed();
    if (watch.endpoints.length > 0) tell();
    else watch.settled(() => queueMicrotask(tell));
  }

  /** A worker has ended. */
  forget(worker: number): void {
    const watches = this.#watches.get(worker);
    this.#watches.delete(worker);
    for (const watch of watches?.values() ?? []) watch.close();
  }
}
