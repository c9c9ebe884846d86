/**
 * Fleet: one pool as several workers see it, all in this thread, over one shared memory, with a clock that
 * the test sets and chance that repeats itself.
 */
import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import { buildTable, usesTable } from "../../../artifact/maglev.ts";
import type { PoolPolicy } from "../../../artifact/model.ts";
import type { Backend } from "../../../dataplane/pool/backend.ts";
import type { Endpoint, Names, NameWatch } from "../../../dataplane/pool/endpoints.ts";
import type { PickRequest } from "../../../dataplane/pool/pick-request.ts";
import type { PoolEvent } from "../../../dataplane/pool/pool-events.ts";
import { Pool, type PoolContext, type PoolSpec } from "../../../dataplane/pool/pool.ts";
import type { Outcome } from "../../../dataplane/pool/outcome.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import type { Ticket } from "../../../dataplane/pool/state/breaker.ts";
import { POOL_POLICY } from "../../fixtures/artifact-model.ts";

/** A backend of a test: its host, and what is not as usual. */
export interface Member {
  host: string;
  weight?: number;
  priority?: number;
  connectionsMax?: number;
}

export interface FleetOptions {
  workers?: number;
  policy?: Partial<PoolPolicy>;
  backends: readonly (Member | string)[];
}

/** A pick that has to be settled. */
export interface Picked {
  worker: number;
  backend: Backend;
  ticket: Ticket;
}

/** A request that says nothing. */
export const ANY: PickRequest = { hash: 0, sticky: -1, tried: [] };

export class Fleet {
  now = 1_000;
  readonly main: PoolState;
  readonly pools: Pool[] = [];
  readonly events: PoolEvent[] = [];
  readonly names = new TestNames();
  #options: FleetOptions;

  constructor(options: FleetOptions) {
    const { workers = 2 } = options;
    this.#options = options;
    this.main = PoolState.create(workers, () => this.now);
    for (let worker = 0; worker < workers; worker++) this.pools.push(this.#pool(worker));
  }

  /** Every worker follows another configuration. */
  reload(changes: Partial<FleetOptions>): void {
    this.#options = { ...this.#options, ...changes };
    for (const pool of this.pools) pool.update(this.#spec());
  }

  /** A worker dies, with what it had; another one takes its place. */
  die(worker: number): void {
    this.main.forget(worker);
    this.pools[worker] = this.#pool(worker);
  }

  pick(request: Partial<PickRequest> = {}, worker = 0): Picked | undefined {
    const pool = this.pools[worker]!;
    const backend = pool.pick({ ...ANY, ...request });
    return backend === undefined ? undefined : { worker, backend, ticket: pool.ticket };
  }

  /** Picks where there must be a backend. */
  mustPick(request: Partial<PickRequest> = {}, worker = 0): Picked {
    const picked = this.pick(request, worker);
    if (picked === undefined) throw new Error("no backend");
    return picked;
  }

  settle({ backend, ticket }: Picked, outcome: Outcome = "success", latencyMs = 1): void {
    backend.settle(outcome, latencyMs, ticket);
  }

  /** One whole request; the host it went to, "none" where there was none. */
  request(outcome: Outcome = "success", request: Partial<PickRequest> = {}, worker = 0): string {
    const picked = this.pick(request, worker);
    if (picked === undefined) return "none";
    this.settle(picked, outcome);
    return picked.backend.address.host;
  }

  /** A backend as a worker has it. */
  backend(host: string, worker = 0): Backend {
    const found = this.pools[worker]!.backends.find(({ address }) => address.host === host);
    if (found === undefined) throw new Error(`no backend ${host}`);
    return found;
  }

  slot(host: string): number {
    return this.backend(host).slot.slot;
  }

  /** Kinds of the events since the last call. */
  told(): string[] {
    return this.events.splice(0).map(({ kind }) => kind);
  }

  #pool(worker: number): Pool {
    const context: PoolContext = {
      state: PoolState.over(this.main.buffer, worker, () => this.now),
      names: this.names,
      tell: (event) => this.events.push(event),
      random: chance(worker + 1),
    };
    return new Pool(this.#spec(), context);
  }

  #spec(): PoolSpec {
    const policy = { ...POOL_POLICY, ...this.#options.policy };
    const members = this.#options.backends.map((member) =>
      typeof member === "string" ? { host: member } : member,
    );
    const backends = members.map(({ host, weight = 1, priority = 0, connectionsMax = 0 }) => ({
      address: parseBackendUrl(`http://${host}`) as BackendAddress,
      weight,
      priority,
      connectionsMax,
    }));
    const urls = members.map(({ host, weight = 1 }) => ({ url: `http://${host}`, weight }));
    const table = usesTable(policy.algorithm) ? buildTable(urls) : [];
    return { key: "pool", label: "label", policy, table, backends };
  }
}

/** Names whose endpoints a test sets; a host without any stands for itself. */
export class TestNames implements Names {
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #watchers = new Map<string, Set<() => void>>();

  watch(host: string, _: unknown, onChange: () => void): NameWatch {
    const watchers = this.#watchers.get(host) ?? new Set();
    this.#watchers.set(host, watchers.add(onChange));
    const endpoints = (): readonly Endpoint[] => this.#endpoints.get(host) ?? [];
    return {
      get endpoints() {
        return endpoints();
      },
      error: "",
      settled: (waiter) => waiter(),
      failed: () => {},
      close: () => void watchers.delete(onChange),
    };
  }

  /** How many uses there are of a name. */
  uses(host: string): number {
    return this.#watchers.get(host)?.size ?? 0;
  }

  set(host: string, ...addresses: string[]): void {
    this.#endpoints.set(
      host,
      addresses.map((address) => ({ address, port: 0, weight: 1, priority: 0, target: "" })),
    );
    for (const onChange of this.#watchers.get(host) ?? []) onChange();
  }
}

/** Numbers between 0 and 1 that are the same in each run (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
