/**
 * Plan: the drafts of a tree without errors become the model, in the one order that depends on
 * nothing but what the tree says: the same tree gives the same bytes.
 */
import { buildTable, usesTable } from "../artifact/maglev.ts";
import type { Model, Origin, Pool, Service } from "../artifact/model.ts";
import type { PoolDraft } from "./resolve/pool.ts";
import type { ResolvedTree } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import type { Span } from "./source-text.ts";

/** Makes the model. Disabled services and backends are left out, and pools that nobody uses. */
export function plan({ settings, services, pools }: ResolvedTree): Model {
  const planned = services
    .filter(({ enabled }) => enabled)
    .map((draft) => ({ service: planService(draft), draft }))
    .toSorted((a, b) => compareServices(a.service, b.service));
  const drafts = new Map(pools.map((draft) => [known(draft.name).value, draft]));
  // A service's own pool has its name; those come first, in the order of the services.
  const own = planned.flatMap(({ service, draft: { target } }) =>
    "backends" in target ? [planPool(service.name, service.domains[0]!, target)] : [],
  );
  const used = new Set(planned.flatMap(({ draft }) => poolName(draft) ?? []));
  const named = [...used].toSorted().map((name) => planPool(name, name, known(drafts.get(name))));
  const rows = new Map([...own, ...named].map(({ key }, row) => [key, row]));
  return {
    settings,
    pools: [...own, ...named],
    services: planned.map(({ service, draft }) => ({
      ...service,
      pool: rows.get(poolName(draft) ?? service.name)!,
    })),
  };
}

/** The name of the pool that a service uses; undefined where it has its own. */
function poolName({ target }: ServiceDraft): string | undefined {
  return "backends" in target ? undefined : known(target.pool).value;
}

function planService(draft: ServiceDraft): Service {
  return {
    name: known(draft.name).text,
    domains: draft.domains.toSorted(),
    pattern: known(draft.pattern).text,
    methods: draft.methods,
    ...draft.policy,
    pool: 0,
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

function compareServices(a: Service, b: Service): number {
  return (
    byText(a.domains[0]!, b.domains[0]!) ||
    byText(a.pattern, b.pattern) ||
    byText(a.methods.join(), b.methods.join()) ||
    byText(a.name, b.name)
  );
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Every part of a draft is there once no error was reported: anything else is a bug of the compiler. */
function known<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("a part of a draft is missing, and nothing was reported");
  return part;
}
