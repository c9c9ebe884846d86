/**
 * Plan: the drafts of a tree without errors become the model, in the one order that depends on
 * nothing but what the tree says: the same tree gives the same bytes.
 */
import { buildTable, usesTable } from "../artifact/maglev.ts";
import type { Model, Origin, Pool, Service, Stream } from "../artifact/model.ts";
import type { Changes } from "./memory.ts";
import type { PoolDraft, PoolReference } from "./resolve/pool.ts";
import type { ResolvedTree } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import { type StreamDraft, targetsOf } from "./resolve/stream.ts";
import type { Span } from "./source-text.ts";

/** A service as the model has it, and the draft that it was made of. */
export interface PlannedService {
  readonly draft: ServiceDraft;
  readonly service: Service;
  /** Undefined where it uses a named pool. */
  readonly own: Pool | undefined;
}

/**
 * Plans the enabled services, in the order of the model.
 *
 * @param before the last plan, of which the changes speak; what is in it already is not made again
 */
export function plan(
  { added, removed }: Changes,
  before: readonly PlannedService[],
): PlannedService[] {
  const old = before.filter(({ draft }) => !removed.has(draft));
  const drafts = added.toSorted(compareDrafts);
  const planned: PlannedService[] = [];
  let next = 0;
  for (const one of old) {
    while (next < drafts.length && compareDrafts(drafts[next]!, one.draft) < 0)
      planned.push(planOne(drafts[next++]!));
    planned.push(one);
  }
  for (const draft of drafts.slice(next)) planned.push(planOne(draft));
  return planned;
}

/** The model of a plan. Disabled streams and backends are left out, and pools that nobody uses. */
export function modelOf(
  { settings, pools, streams }: ResolvedTree,
  planned: readonly PlannedService[],
): Model {
  const served = streams
    .filter(({ enabled }) => enabled)
    .map((draft) => (draft.closesOthers ? { ...draft, target: undefined } : draft))
    .toSorted((a, b) => byText(known(a.name).value, known(b.name).value));
  // A service's own pool has its name; those come first, in the order of the services.
  const own = planned.flatMap((one) => one.own ?? []);
  const used = new Set(planned.flatMap(({ draft }) => poolName(draft.target) ?? []));
  for (const target of served.flatMap(targetsOf)) {
    const name = poolName(target);
    if (name !== undefined) used.add(name);
  }
  const drafts = new Map(pools.map((draft) => [known(draft.name).value, draft]));
  const names = [...used].toSorted();
  const named = names.map((name) => planPool(name, name, known(drafts.get(name))));
  const ofStreams = served.flatMap(planStreamPools);
  const rows = new Map([...named, ...ofStreams].map(({ key }, index) => [key, own.length + index]));
  let row = 0;
  return {
    settings,
    pools: [...own, ...named, ...ofStreams],
    services: planned.map(({ service, draft, own: pool }) => {
      const at = pool === undefined ? rows.get(poolName(draft.target)!)! : row++;
      return service.pool === at ? service : { ...service, pool: at };
    }),
    streams: served.map((draft) => planStream(draft, rows)),
  };
}

/** The name of the pool that a target is; undefined where it is backends of its own. */
function poolName(target: PoolDraft | PoolReference): string | undefined {
  return "backends" in target ? undefined : known(target.pool).value;
}

function planOne(draft: ServiceDraft): PlannedService {
  const service = planService(draft);
  const { target } = draft;
  const own =
    "backends" in target ? planPool(service.name, service.domains[0]!, target) : undefined;
  return { draft, service, own };
}

function planService(draft: ServiceDraft): Service {
  return {
    name: known(draft.name).text,
    domains: draft.domains.toSorted(),
    pattern: known(draft.pattern).text,
    methods: draft.methods,
    predicates: draft.predicates,
    priority: draft.priority,
    ...draft.policy,
    pool: 0,
    origin: originOf(draft.at),
  };
}

/** The pools that only this stream has. No name of a pool or service holds a tilde. */
function planStreamPools({ name, target, sni }: StreamDraft): Pool[] {
  const label = known(name).value;
  const own = target !== undefined && "backends" in target ? [target] : [];
  return [
    ...own.map((pool) => planPool(streamKey(label), label, pool)),
    ...sni.flatMap((route) => {
      const first = known(route.names[0]).value;
      return "backends" in route.target
        ? [planPool(streamKey(label, first), first, route.target)]
        : [];
    }),
  ];
}

function streamKey(stream: string, serverName?: string): string {
  return ["stream", stream, ...(serverName === undefined ? [] : [serverName])].join("~");
}

function planStream(draft: StreamDraft, rows: ReadonlyMap<string, number>): Stream {
  const name = known(draft.name).value;
  const rowOf = (target: PoolDraft | PoolReference, serverName?: string): number => {
    const isOwn = "backends" in target;
    return rows.get(isOwn ? streamKey(name, serverName) : known(target.pool).value)!;
  };
  const { target } = draft;
  return {
    name,
    listen: known(draft.listen).value,
    protocol: draft.protocol,
    pool: target === undefined ? undefined : rowOf(target),
    sni: draft.sni.map((route) => ({
      names: route.names.map(({ value }) => value),
      pool: rowOf(route.target, route.names[0]?.value),
    })),
    policy: draft.policy,
    origin: originOf(draft.at),
  };
}

function planPool(key: string, label: string, { at, backends, policy }: PoolDraft): Pool {
  const planned = backends
    .filter(({ enabled }) => enabled)
    .map(({ url, weight, name, priority, connectionsMax, at: place }) => ({
      url: known(url),
      weight,
      name,
      priority,
      connectionsMax,
      origin: originOf(place),
    }));
  return {
    key,
    label,
    policy,
    backends: planned,
    table: usesTable(policy.algorithm) ? buildTable(planned) : [],
    origin: originOf(at),
  };
}

function originOf({ source, start }: Span): Origin {
  return { file: source.path, ...source.position(start) };
}

function compareDrafts(a: ServiceDraft, b: ServiceDraft): number {
  return (
    byText(least(a.domains), least(b.domains)) ||
    byText(known(a.pattern).text, known(b.pattern).text) ||
    byText(a.methods.join(), b.methods.join()) ||
    a.priority - b.priority ||
    byText(JSON.stringify(a.predicates), JSON.stringify(b.predicates)) ||
    byText(known(a.name).text, known(b.name).text)
  );
}

/** The first of some texts by code units. */
function least(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0]! : texts.toSorted()[0]!;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Every part of a draft is there once no error was reported: anything else is a bug of the compiler. */
function known<T>(part: T | undefined): T {
  if (part === undefined)
    throw new Error("a part of a service is missing, and nothing was reported");
  return part;
}
