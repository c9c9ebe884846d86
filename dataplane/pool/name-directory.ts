/**
 * Name directory: what the names in use lead to, asked for once for the whole process, in the main
 * thread. Each is asked for again on its interval and after connections have failed; the last good
 * answer is used on when a later one fails, as a name server that is down must not take the backends
 * with it.
 */
import type { Log } from "../log.ts";
import {
  type Endpoint,
  endpointKey,
  nameKey,
  type NamePolicy,
  type Names,
  type NameWatch,
  sameEndpoints,
} from "./endpoints.ts";
import type { NameResolver } from "./name-resolver.ts";

/** Between two questions for one name, however many connections fail. */
const AGAIN_MS = 1_000;
/** Endpoints that a log line names. */
const LOGGED_MAX = 16;

interface Watcher {
  refreshMs: number;
  onChange: () => void;
}

export class NameDirectory implements Names {
  readonly #resolver: Pick<NameResolver, "resolve">;
  readonly #log: Log;
  readonly #names = new Map<string, Name>();

  constructor(resolver: Pick<NameResolver, "resolve">, log: Log) {
    this.#resolver = resolver;
    this.#log = log;
  }

  /** How many names are in use. */
  get size(): number {
    return this.#names.size;
  }

  watch(host: string, policy: NamePolicy, onChange: () => void): NameWatch {
    const key = nameKey(host, policy);
    let name = this.#names.get(key);
    if (name === undefined) {
      name = new Name(host, policy, this.#resolver, this.#log);
      this.#names.set(key, name);
    }
    const known = name;
    const watcher = { refreshMs: policy.refreshMs, onChange };
    known.add(watcher);
    return {
      get endpoints() {
        return known.endpoints;
      },
      get error() {
        return known.error;
      },
      settled: (waiter) => known.settled(waiter),
      failed: () => known.askSoon(),
      close: () => {
        if (known.remove(watcher) > 0 || this.#names.get(key) !== known) return;
        this.#names.delete(key);
      },
    };
  }
}

/** One name, as long as somebody uses it. */
class Name {
  endpoints: readonly Endpoint[] = [];
  error = "";
  readonly #host: string;
  readonly #policy: NamePolicy;
  readonly #resolver: Pick<NameResolver, "resolve">;
  readonly #log: Log;
  readonly #watchers = new Set<Watcher>();
  #waiters: (() => void)[] = [];
  #isAsking = false;
  #isFailing = false;
  #askedAt = -Infinity;
  /** When it is asked for next, and what waits for that. */
  #nextAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: string, policy: NamePolicy, resolver: Pick<NameResolver, "resolve">, log: Log) {
    this.#host = host;
    this.#policy = policy;
    this.#resolver = resolver;
    this.#log = log;
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#askAt(this.#askedAt + watcher.refreshMs);
  }

  /** @returns how many are left */
  remove(watcher: Watcher): number {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) clearTimeout(this.#timer);
    return this.#watchers.size;
  }

  settled(waiter: () => void): void {
    if (this.endpoints.length > 0) return waiter();
    this.#waiters.push(waiter);
    this.askSoon();
  }

  askSoon(): void {
    this.#askAt(this.#askedAt + AGAIN_MS);
  }

  /** Asks then at the latest; at once where that is over. */
  #askAt(at: number): void {
    if (this.#isAsking || at >= this.#nextAt || this.#watchers.size === 0) return;
    clearTimeout(this.#timer);
    this.#nextAt = at;
    const waitMs = at - performance.now();
    if (waitMs <= 0) void this.#ask();
    else this.#timer = setTimeout(() => void this.#ask(), waitMs).unref();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    this.#askedAt = performance.now();
    this.#nextAt = Infinity;
    const before = this.endpoints;
    try {
      const { family } = this.#policy;
      const endpoints = await this.#resolver.resolve(this.#host, family, before);
      this.#answered(endpoints);
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException);
    }
    this.#isAsking = false;
    const refreshMs = Math.min(...[...this.#watchers].map((watcher) => watcher.refreshMs));
    // A little apart, so that names that came at the same time are not asked for at the same time for ever.
    this.#askAt(performance.now() + refreshMs * (0.9 + 0.1 * Math.random()));
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
    if (sameEndpoints(before, this.endpoints)) return;
    // One that is closed meanwhile is not told: sets see to that.
    for (const { onChange } of this.#watchers) onChange();
  }

  #answered(endpoints: readonly Endpoint[]): void {
    const before = this.endpoints;
    this.error = "";
    if (this.#isFailing) this.#say("info", "Name resolved again", {});
    this.#isFailing = false;
    if (sameEndpoints(before, endpoints)) return;
    this.endpoints = endpoints;
    if (before.length === 0) return;
    this.#say("info", "Name leads elsewhere", {
      endpoints: endpoints.length,
      added: missing(endpoints, before),
      removed: missing(before, endpoints),
    });
  }

  #failed({ code, message }: NodeJS.ErrnoException): void {
    const error = code ?? message;
    const isKnown = this.endpoints.length > 0;
    if (!isKnown) this.error = `${this.#host}: ${error}`;
    if (!this.#isFailing) {
      const what = isKnown ? "its last endpoints stay" : "it has no endpoints";
      this.#say("warn", `Name cannot be resolved, ${what}`, { error });
    }
    this.#isFailing = true;
  }

  #say(level: "info" | "warn", message: string, fields: Record<string, unknown>): void {
    this.#log.write(level, "dns", message, { host: this.#host, ...fields });
  }
}

/** The first of those that `others` have not. */
function missing(endpoints: readonly Endpoint[], others: readonly Endpoint[]): string[] {
  const known = new Set(others.map(endpointKey));
  return endpoints
    .map(endpointKey)
    .filter((key) => !known.has(key))
    .slice(0, LOGGED_MAX);
}
