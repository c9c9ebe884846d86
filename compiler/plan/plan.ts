/**
 * Plan: the drafts of a tree without errors become the model, in the one order that depends on
 * nothing but what the tree says: the same tree gives the same bytes.
 */
import { byText } from "../../artifact/by-text.ts";
import type { Model, Pool, Settings, Stream } from "../../artifact/model.ts";
import type { Changes } from "../changes.ts";
import type { PoolDraft, PoolReference } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import { type StreamDraft, targetsOf } from "../resolve/stream.ts";
import { known } from "./known.ts";
import { nameOf, originOf, planPool } from "./pool.ts";
import { NO_SERVICES, type PlannedServices, planServices } from "./services.ts";

/** What one compilation has made of its drafts, for the next one. */
export interface Plan {
  readonly services: PlannedServices;
  /** Those that are enabled, by name. */
  readonly streams: readonly StreamDraft[];
  /** The pools that are not a service's own. */
  readonly pools: ReadonlyMap<PoolDraft, Pool>;
}

/** Of no tree. */
export const NO_PLAN: Plan = { services: NO_SERVICES, streams: [], pools: new Map() };

/**
 * Plans a tree. What the last plan has made of the same draft is the same object again.
 *
 * @param before the last plan, of which the changes speak
 */
export function plan({ pools, streams }: ResolvedTree, changes: Changes, before: Plan): Plan {
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
  const arePoolsSame =
    planned.size === before.pools.size &&
    [...planned].every(([draft, pool]) => before.pools.get(draft) === pool);
  const services = planServices(changes, named, arePoolsSame, before.services);
  return { services, streams: served, pools: planned };
}

/** The model of a plan. Disabled streams and backends are left out, and pools that nobody uses. */
export function modelOf(settings: Settings, { services, streams, pools }: Plan): Model {
  // A service's own pool has its name; those come first, in the order of the services.
  const own = withoutGaps(services.ownPools);
  const used = new Set<string>();
  for (const name of services.poolNames) if (name !== undefined) used.add(name);
  for (const target of streams.flatMap(targetsOf)) {
    const name = nameOf(target);
    if (name !== undefined) used.add(name);
  }
  const byKey = new Map([...pools.values()].map((pool) => [pool.key, pool]));
  const named = [...used].toSorted().map((name) => byKey.get(name)!);
  const ofStreams = streams.flatMap(ownPools).map(({ draft }) => pools.get(draft)!);
  return {
    settings,
    pools: own.concat(named, ofStreams),
    services: services.services,
    streams: streams.map((draft) => planStream(draft, byKey)),
  };
}

/** Mostly there are none, and the list itself will do. */
function withoutGaps<T>(list: readonly (T | undefined)[]): readonly T[] {
  const hasGap = list.includes(undefined);
  return hasGap ? list.filter((one) => one !== undefined) : (list as readonly T[]);
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
