/** The pools of a plan. */
import { buildTable, usesTable } from "../../artifact/maglev.ts";
import type { Origin, Pool } from "../../artifact/model.ts";
import type { PoolDraft, PoolReference } from "../resolve/pool.ts";
import type { Span } from "../source-text.ts";
import { known } from "./known.ts";

/** The model of a pool. */
export function planPool(key: string, label: string, { at, backends, policy }: PoolDraft): Pool {
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

/** The name of the pool that a target is; undefined where it is backends of its own. */
export function nameOf(target: PoolDraft | PoolReference): string | undefined {
  return "backends" in target ? undefined : known(target.pool).value;
}

/** The place of a span, as a model has it. */
export function originOf({ source, start }: Span): Origin {
  return { file: source.path, ...source.position(start) };
}
