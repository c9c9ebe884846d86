/**
 * The services of a plan, in the order of the model. They are kept as lists side by side: to touch each of 100,000
 * services takes longer than all that has to be done where a few have changed.
 */
import { byText } from "../../artifact/by-text.ts";
import type { Pool, Service } from "../../artifact/model.ts";
import type { Changes } from "../changes.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { known } from "./known.ts";
import { nameOf, originOf, planPool } from "./pool.ts";

/** Entry n of each list is of service n. */
export interface PlannedServices {
  readonly drafts: readonly ServiceDraft[];
  readonly services: readonly Service[];
  /** Pools that are a service's own; else undefined. */
  readonly ownPools: readonly (Pool | undefined)[];
  /** The names of those that are not; else undefined. */
  readonly poolNames: readonly (string | undefined)[];
}

/** Of no tree. */
export const NO_SERVICES: PlannedServices = {
  drafts: [],
  services: [],
  ownPools: [],
  poolNames: [],
};

/**
 * Plans the enabled services of a tree.
 *
 * @param pools by name
 * @param arePoolsSame true where they are those of the last plan
 * @param before of the last plan, of which the changes speak
 */
export function planServices(
  { added, removed }: Pick<Changes, "added" | "removed">,
  pools: ReadonlyMap<string, Pool>,
  arePoolsSame: boolean,
  before: PlannedServices,
): PlannedServices {
  const { drafts } = before;
  const [from, to] = arePoolsSame ? placesOf([...added, ...removed], drafts) : [0, drafts.length];
  const planned = merged(added, removed, pools, {
    drafts: drafts.slice(from, to),
    services: before.services.slice(from, to),
    ownPools: before.ownPools.slice(from, to),
    poolNames: before.poolNames.slice(from, to),
  });
  if (to - from === drafts.length) return planned;
  const replaced = <T>(list: readonly T[], by: readonly T[]): T[] =>
    by.length <= ARGUMENTS_MAX
      ? list.toSpliced(from, to - from, ...by)
      : list.slice(0, from).concat(by, list.slice(to));
  return {
    drafts: replaced(drafts, planned.drafts),
    services: replaced(before.services, planned.services),
    ownPools: replaced(before.ownPools, planned.ownPools),
    poolNames: replaced(before.poolNames, planned.poolNames),
  };
}

/** So many fit on the stack by far. */
const ARGUMENTS_MAX = 10_000;

/** From where to where in a list of drafts, in order, some of them stand or will: mostly few of many. */
function placesOf(
  some: readonly ServiceDraft[],
  drafts: readonly ServiceDraft[],
): [from: number, to: number] {
  const [one] = some;
  if (one === undefined) return [0, 0];
  let [first, last] = [one, one];
  for (const draft of some) {
    if (compareDrafts(draft, first) < 0) first = draft;
    if (compareDrafts(draft, last) > 0) last = draft;
  }
  return [
    firstOf(drafts, (draft) => compareDrafts(draft, first) >= 0),
    firstOf(drafts, (draft) => compareDrafts(draft, last) > 0),
  ];
}

/** The index of the first of which something holds, as it does of all behind it. */
function firstOf<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(list[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Services that came, and those of `before` that did not go. */
function merged(
  added: readonly ServiceDraft[],
  removed: ReadonlySet<ServiceDraft>,
  pools: ReadonlyMap<string, Pool>,
  before: PlannedServices,
): PlannedServices {
  const drafts: ServiceDraft[] = [];
  const services: Service[] = [];
  const ownPools: (Pool | undefined)[] = [];
  const poolNames: (string | undefined)[] = [];
  const push = (draft: ServiceDraft, name: string | undefined, service: Service): void => {
    drafts.push(draft);
    services.push(service);
    ownPools.push(name === undefined ? service.pool : undefined);
    poolNames.push(name);
  };
  const pushNew = (draft: ServiceDraft): void => {
    const { target } = draft;
    const pool =
      "backends" in target
        ? planPool(known(draft.name).text, least(draft.domains), target)
        : pools.get(known(target.pool).value)!;
    push(draft, nameOf(target), planService(draft, pool));
  };
  const fresh = added.toSorted(compareDrafts);
  let next = 0;
  for (const [at, draft] of before.drafts.entries()) {
    if (removed.has(draft)) continue;
    while (next < fresh.length && compareDrafts(fresh[next]!, draft) < 0) pushNew(fresh[next++]!);
    const service = before.services[at]!;
    const name = before.poolNames[at];
    const pool = name === undefined ? service.pool : pools.get(name)!;
    push(draft, name, pool === service.pool ? service : { ...service, pool });
  }
  for (const draft of fresh.slice(next)) pushNew(draft);
  return { drafts, services, ownPools, poolNames };
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
