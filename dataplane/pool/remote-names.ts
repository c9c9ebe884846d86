/**
 * Remote names: the names that one worker uses. The main thread asks for them, once for all workers
 * (worker-names.ts), and sends what it learns.
 */
import type { FromWorker, NameWanted } from "../messages.ts";
import {
  type Endpoint,
  nameKey,
  type NamePolicy,
  type Names,
  type NameWatch,
  sameEndpoints,
} from "./endpoints.ts";

/** Between two words to the main thread that connections fail. */
const AGAIN_MS = 1_000;

export class RemoteNames implements Names {
  readonly #tell: (message: FromWorker) => void;
  readonly #names = new Map<string, RemoteName>();

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  watch(host: string, policy: NamePolicy, onChange: () => void): NameWatch {
    const key = nameKey(host, policy);
    let remote = this.#names.get(key);
    if (remote === undefined) {
      remote = new RemoteName((does, now) => this.#tell({ type: "name", does, host, policy: now }));
      this.#names.set(key, remote);
    }
    const known = remote;
    const watcher = { onChange };
    known.watchers.add(watcher);
    known.follow(policy);
    return {
      get endpoints() {
        return known.endpoints;
      },
      get error() {
        return known.error;
      },
      settled: (waiter) => known.settled(waiter),
      failed: () => known.failed(),
      close: () => {
        if (!known.watchers.delete(watcher) || known.watchers.size > 0) return;
        this.#names.delete(key);
        known.forget();
      },
    };
  }

  /** The main thread has learnt something. */
  learnt(key: string, endpoints: readonly Endpoint[], error: string): void {
    this.#names.get(key)?.learnt(endpoints, error);
  }
}

class RemoteName {
  endpoints: readonly Endpoint[] = [];
  error = "";
  readonly watchers: Set<{ onChange: () => void }> = new Set();
  readonly #want: (does: NameWanted["does"], policy: NamePolicy) => void;
  #policy: NamePolicy | undefined;
  #waiters: (() => void)[] = [];
  #askedAt = performance.now();

  constructor(want: (does: NameWanted["does"], policy: NamePolicy) => void) {
    this.#want = want;
  }

  /** The policy in force is that of the last use: a reload brings another one. */
  follow(policy: NamePolicy): void {
    const before = this.#policy;
    this.#policy = policy;
    if (before?.refreshMs !== policy.refreshMs) this.#want("watch", policy);
  }

  settled(waiter: () => void): void {
    if (this.endpoints.length > 0) return waiter();
    this.#waiters.push(waiter);
    // While others wait there is an answer on its way.
    if (this.error !== "" && this.#waiters.length === 1) this.#want("ask", this.#policy!);
  }

  failed(): void {
    const now = performance.now();
    if (now - this.#askedAt < AGAIN_MS) return;
    this.#askedAt = now;
    this.#want("ask", this.#policy!);
  }

  forget(): void {
    this.#want("forget", this.#policy!);
  }

  learnt(endpoints: readonly Endpoint[], error: string): void {
    const isChanged = !sameEndpoints(this.endpoints, endpoints);
    this.endpoints = endpoints;
    this.error = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
    if (!isChanged) return;
    for (const { onChange } of this.watchers) onChange();
  }
}
