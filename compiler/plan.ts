/**
 * Plan: the drafts of a tree without errors become the model, in the one order that depends on
 * nothing but what the tree says: the same tree gives the same bytes.
 */
import { buildTable, usesTable } from "../artifact/maglev.ts";
import type { Model, Origin, Pool, Service, Settings, Stream } from "../artifact/model.ts";
import type { Changes } from "./changes.ts";
import type { PoolDraft, PoolReference } from "./resolve/pool.ts";
import type { ResolvedTree } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import { type StreamDraft, targetsOf } from "./resolve/stream.ts";
import type { Span } from "./source-text.ts";

/** What one compilation has made of its drafts, for the next one. */
export interface Plan {
  /** The enabled services, in the order of the model. */
  readonly services: readonly PlannedService[];
  /** Those that are enabled, by name. */
  readonly streams: readonly StreamDraft[];
  /** The pools that are not a service's own. */
  readonly pools: ReadonlyMap<PoolDraft, Pool>;
}

/** A service as the model has it, and the draft that it was made of. */
interface PlannedService {
  readonly draft: ServiceDraft;
  readonly service: Service;
}

/** Of no tree. */
export const NO_PLAN: Plan = { services: [], streams: [], pools: new Map() };

/**
 * Plans a tree. What the last plan has made of the same draft is the same object again.
 *
 * @param before the last plan, of which the changes speak
 */
export function plan(
  { pools, streams }: ResolvedTree,
  { added, removed }: Changes,
  before: Plan,
): Plan {
  const planned = new Map<PoolDraft, Pool>();
  const keep = (key: string, label: string, draft: PoolDraft): void => {
    planned.set(draft, before.pools.get(draft) ?? planPool(key, label, draft));
  };
  const named = new Map<string, Pool>();
  for (const draft of pools) {
    const { value: name } = known(draft.name);
    keep(name, name, draft);
    named.set(name, planned.get(draft)!);
  }
  const served = streams
    .filter(({ enabled }) => enabled)
    .map((draft) => (draft.closesOthers ? { ...draft, target: undefined } : draft))
    .toSorted((a, b) => byText(known(a.name).value, known(b.name).value));
  for (const { key, label, draft } of served.flatMap(ownPools)) keep(key, label, draft);
  const services = planServices(added, removed, before.services, named);
  return { services, streams: served, pools: planned };
}

function planServices(
  added: readonly ServiceDraft[],
  removed: ReadonlySet<ServiceDraft>,
  before: readonly PlannedService[],
  pools: ReadonlyMap<string, Pool>,
): PlannedService[] {
  const drafts = added.toSorted(compareDrafts);
  const planned: PlannedService[] = [];
  let next = 0;
  for (const one of before) {
    const { draft, service } = one;
    if (removed.has(draft)) continue;
    while (next < drafts.length && compareDrafts(drafts[next]!, draft) < 0) {
      planned.push(planOne(drafts[next++]!, pools));
    }
    const name = poolName(draft.target);
    const pool = name === undefined ? service.pool : pools.get(name)!;
    planned.push(pool === service.pool ? one : { draft, service: { ...service, pool } });
  }
  for (const draft of drafts.slice(next)) planned.push(planOne(draft, pools));
  return planned;
}

/** The model of a plan. Disabled streams and backends are left out, and pools that nobody uses. */
export function modelOf(settings: Settings, { services, streams, pools }: Plan): Model {
  // A service's own pool has its name; those come first, in the order of the services.
  const own: Pool[] = [];
  const used = new Set<string>();
  for (const { draft, service } of services) {
    const name = poolName(draft.target);
    if (name === undefined) own.push(service.pool);
    else used.add(name);
  }
  for (const target of streams.flatMap(targetsOf)) {
    const name = poolName(target);
    if (name !== undefined) used.add(name);
  }
  const byKey = new Map([...pools.values()].map((pool) => [pool.key, pool]));
  const named = [...used].toSorted().map((name) => byKey.get(name)!);
  const ofStreams = streams.flatMap(ownPools).map(({ draft }) => pools.get(draft)!);
  return {
    settings,
    pools: [...own, ...named, ...ofStreams],
    services: services.map(({ service }) => service),
    streams: streams.map((draft) => planStream(draft, byKey)),
  };
}

/** The name of the pool that a target is; undefined where it is backends of its own. */
function poolName(target: PoolDraft | PoolReference): string | undefined {
  return "backends" in target ? undefined : known(target.pool).value;
}

function planOne(draft: ServiceDraft, pools: ReadonlyMap<string, Pool>): PlannedService {
  const { target } = draft;
  const pool =
    "backends" in target
      ? planPool(known(draft.name).text, least(draft.domains), target)
      : pools.get(known(target.pool).value)!;
  return { draft, service: planService(draft, pool) };
}

function planService(draft: ServiceDraft, pool: Pool): Service {
  return {
    name: known(draft.name).text,
    domains: draft.domains.toSorted(),
    pattern: known(draft.pattern).text,
    methods: draft.methods,
    predicates: draft.predicates,
    priority: draft.priority,
    ...draft.policy,
    pool,
    origin: originOf(draft.at),
  };
}

/** The pools that only this stream has. No name of a pool or service holds a tilde. */
function ownPools({ name, target, sni }: StreamDraft): OwnPool[] {
  const label = known(name).value;
  const own = target !== undefined && "backends" in target ? [target] : [];
  return [
    ...own.map((draft) => ({ key: streamKey(label), label, draft })),
    ...sni.flatMap((route) => {
      const first = known(route.names[0]).value;
      const { target: draft } = route;
      return "backends" in draft ? [{ key: streamKey(label, first), label: first, draft }] : [];
    }),
  ];
}

interface OwnPool {
  key: string;
  label: string;
  draft: PoolDraft;
}

function streamKey(stream: string, serverName?: string): string {
  return ["stream", stream, ...(serverName === undefined ? [] : [serverName])].join("~");
}

function planStream(draft: StreamDraft, pools: ReadonlyMap<string, Pool>): Stream {
  const name = known(draft.name).value;
  const poolOf = (target: PoolDraft | PoolReference, serverName?: string): Pool => {
    const isOwn = "backends" in target;
    return pools.get(isOwn ? streamKey(name, serverName) : known(target.pool).value)!;
  };
  const { target } = draft;
  return {
    name,
    listen: known(draft.listen).value,
    protocol: draft.protocol,
    pool: target === undefined ? undefined : poolOf(target),
    sni: draft.sni.map((route) => ({
      names: route.names.map(({ value }) => value),
      pool: poolOf(route.target, route.names[0]?.value),
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
