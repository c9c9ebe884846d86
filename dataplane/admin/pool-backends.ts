/**
 * Pool backends: how the backends do, as the memory says that all workers share. What the artifact says of
 * them is looked up for those that are asked for; a backend whose host is a name counts by endpoint too.
 */
import { formatBackendUrl } from "../../artifact/address.ts";
import { backendOf, poolPolicyOf, streamsOf } from "../../artifact/decode.ts";
import type { PoolPolicy } from "../../artifact/model.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import type { Directory } from "../metrics/directory.ts";
import { addressOf } from "../pool/named-identities.ts";
import type { PoolEvent } from "../pool/pool-events.ts";
import { backendId, identityOf } from "../pool/state/identity.ts";
import type { BackendSlot } from "../pool/state/backend-slot.ts";
import type { PoolState } from "../pool/state/pool-state.ts";
import type { ProcessState } from "../process-state.ts";
import type { BackendSource, BackendState } from "./backend-source.ts";

/** What an artifact says of a backend. */
interface Known {
  state: BackendState;
  identity: string;
  /** Of the name whose endpoint it is. */
  named: string | undefined;
  policy: PoolPolicy;
}

type Transitions = Record<"closed" | "open" | "half-open", number>;

export class PoolBackends implements BackendSource {
  readonly #process: ProcessState;
  readonly #directory: Directory;
  readonly #pools: PoolState;
  readonly #others: () => Iterable<string>;
  /** By identity: slots of backends that operators have taken out, held so that nobody forgets it. */
  readonly #drained = new Map<string, { id: string; slot: number }>();
  /** By id. */
  readonly #transitions = new Map<string, Transitions>();
  /** Of the artifact that was looked at last: those asked for by their id, one for each pool; none is none. */
  #view: View | undefined;
  #known = new Map<string, readonly Known[]>();

  /** @param others ids of backends that are in use without a request: probed, or of streams */
  constructor(
    process: ProcessState,
    directory: Directory,
    pools: PoolState,
    others: () => Iterable<string>,
  ) {
    this.#process = process;
    this.#directory = directory;
    this.#pools = pools;
    this.#others = others;
  }

  list(): BackendState[] {
    const found: BackendState[] = [];
    const used = new Map<string, string[]>();
    for (const id of this.#used()) {
      const written = writtenId(id);
      if (written !== id) used.set(written, [...(used.get(written) ?? []), id]);
    }
    for (const known of this.#read()) {
      found.push(this.#stateOf(known));
      for (const id of used.get(known.state.id) ?? [])
        found.push(this.#stateOf(endpointOf(known, id)));
    }
    return found;
  }

  *inUse(): Generator<BackendState> {
    for (const known of this.#find(this.#used()).values())
      for (const one of known) yield this.#stateOf(one);
  }

  /** Takes one out, or brings it back; one with a name is taken out with all its endpoints. */
  setDraining(id: string, isDraining: boolean): BackendState | undefined {
    const [known = []] = this.#find([id]).values();
    for (const { identity } of known) this.#drain(id, identity, isDraining);
    const [first] = known;
    return first && this.#stateOf(first);
  }

  /** Counts the transitions of breakers. */
  note(event: PoolEvent): void {
    const to = TO[event.kind];
    if (to === undefined) return;
    let counts = this.#transitions.get(event.backendId);
    if (counts === undefined) {
      counts = { closed: 0, open: 0, "half-open": 0 };
      this.#transitions.set(event.backendId, counts);
    }
    counts[to]++;
  }

  #drain(id: string, identity: string, isDraining: boolean): void {
    const held = this.#drained.get(identity);
    if (isDraining === (held !== undefined)) return;
    const slot = held?.slot ?? this.#pools.acquire(identity);
    this.#pools.setDraining(slot, isDraining);
    if (isDraining) this.#drained.set(identity, { id, slot });
    else {
      this.#drained.delete(identity);
      this.#pools.release(slot);
    }
  }

  /** Ids of those that have had a request or a connection, or are probed. */
  #used(): Set<string> {
    const used = new Set(this.#others());
    for (const { labels } of this.#directory.entries("backend")) used.add(labels[0]!);
    return used;
  }

  #stateOf({ state, identity, named, policy }: Known): BackendState {
    const slot = this.#pools.find(identity);
    const whole = named === undefined ? undefined : this.#pools.find(named);
    const transitions = this.#transitions.get(state.id);
    return {
      ...state,
      in_flight: slot?.inFlight ?? 0,
      healthy: slot === undefined || policy.health === undefined || slot.isUp,
      ejected: slot !== undefined && policy.passive !== undefined && this.#isEjected(slot),
      draining: slot?.isDraining === true || whole?.isDraining === true,
      ...(policy.breaker === undefined
        ? {}
        : {
            breaker: slot === undefined ? "closed" : this.#pools.breakerState(slot.slot),
            breaker_transitions: transitions ?? { closed: 0, open: 0, "half-open": 0 },
          }),
      ...(slot === undefined || slot.latencyMs === 0 ? {} : { ewma_ms: slot.latencyMs }),
    };
  }

  #isEjected({ slot }: BackendSlot): boolean {
    return this.#pools.isEjected(slot);
  }

  /** Those of some ids that the artifact has. */
  #find(ids: Iterable<string>): Map<string, readonly Known[]> {
    const { view } = this.#process.served.loaded;
    if (view !== this.#view) {
      this.#view = view;
      this.#known = new Map();
      this.#forget();
    }
    const asked = [...ids];
    const missing = new Set(asked.filter((id) => !this.#known.has(id)).map(writtenId));
    if (missing.size > 0) {
      const found = Map.groupBy(this.#read(missing), ({ state }) => state.id);
      for (const id of asked) {
        if (this.#known.has(id)) continue;
        const written = found.get(writtenId(id)) ?? [];
        const isWritten = writtenId(id) === id;
        this.#known.set(id, isWritten ? written : written.map((one) => endpointOf(one, id)));
      }
    }
    return new Map(
      asked.flatMap((id) => {
        const known = this.#known.get(id) ?? [];
        return known.length === 0 ? [] : [[id, known]];
      }),
    );
  }

  /** Lets go of backends that the artifact has not: one that comes back begins anew. */
  #forget(): void {
    const drained = [...this.#drained.values()].map(({ id }) => id);
    const kept = new Set([...drained, ...this.#transitions.keys()].map(writtenId));
    if (kept.size === 0) return;
    const there = [...this.#read(kept)];
    const ids = new Set(there.map(({ state }) => state.id));
    for (const id of this.#transitions.keys()) {
      if (!ids.has(writtenId(id))) this.#transitions.delete(id);
    }
    const identities = new Set(there.map(({ identity }) => identity));
    for (const [identity, { id, slot }] of this.#drained) {
      if (ids.has(writtenId(id)) && (writtenId(id) !== id || identities.has(identity))) continue;
      this.#drained.delete(identity);
      this.#pools.setDraining(slot, false);
      this.#pools.release(slot);
    }
  }

  /** What the artifact says of its backends, or of those with the ids that are wanted. */
  *#read(wanted?: ReadonlySet<string>): Generator<Known> {
    const { view, references } = this.#process.served.loaded;
    const pools = new RowReader(view, "pools");
    const backends = new RowReader(view, "backends");
    const labels = wanted === undefined ? undefined : new Set([...wanted].map(labelOf));
    const services = servicesOf(view);
    const streams = streamsByPool(view);
    for (let row = 0; row < pools.count; row++) {
      const label = pools.text(row, "label");
      if (labels !== undefined && !labels.has(label)) continue;
      const key = pools.text(row, "key");
      const policy = poolPolicyOf(view, pools.number(row, "policy"));
      const { first, count } = pools.run(row, "backends");
      const users = streams.get(row);
      const seen = new Set<string>();
      for (let backend = first; backend < first + count; backend++) {
        const url = formatBackendUrl(addressOf(backends.text(backend, "url"), references));
        const id = backendId(label, url);
        if (seen.has(id) || wanted?.has(id) === false) continue;
        seen.add(id);
        const { weight, priority } = backendOf(view, backend);
        yield {
          state: {
            id,
            pool: key,
            url,
            weight,
            priority,
            services: services(row),
            ...(users === undefined ? {} : { streams: users }),
            in_flight: 0,
          },
          identity: identityOf(key, url),
          named: undefined,
          policy,
        };
      }
    }
  }
}

const TO: Readonly<Partial<Record<PoolEvent["kind"], keyof Transitions>>> = {
  "breaker-opened": "open",
  "breaker-half-open": "half-open",
  "breaker-closed": "closed",
};

/** Without the endpoint behind it. */
function writtenId(id: string): string {
  const at = id.indexOf(" (");
  return at === -1 ? id : id.slice(0, at);
}

/** What stands before the URL. */
function labelOf(id: string): string {
  return id.replace(/-(?:https?|tcp|udp):\/\/.*$/, "");
}

/** One endpoint of a backend with a name. */
function endpointOf({ state, identity: named, policy }: Known, id: string): Known {
  const endpoint = id.slice(state.id.length + 2, -1);
  const identity = identityOf(state.pool, state.url, endpoint);
  return { state: { ...state, id }, identity, named, policy };
}

/** The services of a pool's row. They are looked through once, when the first is asked for. */
function servicesOf(view: View): (pool: number) => BackendState["services"] {
  const rows: {
    services: RowReader<"services">;
    routes: RowReader<"routes">;
  } = { services: new RowReader(view, "services"), routes: new RowReader(view, "routes") };
  let users: Map<number, number[]> | undefined;
  const read = (): Map<number, number[]> => {
    const found = new Map<number, number[]>();
    for (let row = 0; row < rows.services.count; row++) {
      const pool = rows.services.number(row, "pool");
      const known = found.get(pool);
      if (known === undefined) found.set(pool, [row]);
      else known.push(row);
    }
    return found;
  };
  return (pool) =>
    ((users ??= read()).get(pool) ?? []).map((row) => ({
      service: rows.services.text(row, "name"),
      route: rows.routes.text(row, "pattern"),
    }));
}

/** The names of the streams that use a pool, by its row. */
function streamsByPool(view: View): Map<number, string[]> {
  const users = new Map<number, Set<string>>();
  for (const { name, pool, sni } of streamsOf(view)) {
    for (const row of [pool, ...sni.map((route) => route.pool)]) {
      if (row === undefined) continue;
      const names = users.get(row) ?? new Set();
      users.set(row, names.add(name));
    }
  }
  return new Map([...users].map(([row, names]) => [row, [...names]]));
}
