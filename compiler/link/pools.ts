/**
 * Pools: a pool's name is its identity across reloads, and what services and streams find it by.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { nearest } from "../nearest.ts";
import type { Given } from "../resolve/block.ts";
import type { NamedPoolDraft, PoolReference } from "../resolve/pool.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { type StreamDraft, targetsOf } from "../resolve/stream.ts";

/** Reports pools whose name is taken, and users whose pool is not there or not theirs to change. */
export function linkPools(
  pools: readonly NamedPoolDraft[],
  services: readonly ServiceDraft[],
  streams: readonly StreamDraft[],
  log: DiagnosticLog,
): void {
  const names = new Map<string, Given<string>>();
  for (const { name } of pools) {
    if (name === undefined) continue;
    const first = names.get(name.value);
    if (first === undefined) names.set(name.value, name);
    else {
      const params = { name: name.value, owner: "pool" } as const;
      log.report("BAL4005", name.at, params, [{ message: "first named here", span: first.at }]);
    }
  }
  for (const service of services) {
    if ("backends" in service.target) reportOwner(service, names, log);
    else linkReference(service.target, "service", names, log);
  }
  for (const target of streams.flatMap(targetsOf)) {
    if (!("backends" in target)) linkReference(target, "stream", names, log);
  }
}

/** A service with backends of its own gives its name to their pool. */
function reportOwner(
  { name }: ServiceDraft,
  pools: ReadonlyMap<string, Given<string>>,
  log: DiagnosticLog,
): void {
  const pool = name && pools.get(name.text);
  if (name === undefined || pool === undefined) return;
  const params = { name: name.text, owner: "service" } as const;
  log.report("BAL4005", pool.at, params, [{ message: "the service is here", span: name.at }]);
}

function linkReference(
  { pool, surplus }: PoolReference,
  owner: "service" | "stream",
  pools: ReadonlyMap<string, Given<string>>,
  log: DiagnosticLog,
): void {
  if (pool === undefined) return;
  const { value: name, at } = pool;
  const known = pools.get(name);
  if (known === undefined) {
    log.report("BAL4006", at, { name, near: nearest(name, [...pools.keys()]) });
  }
  const notes = known === undefined ? [] : [{ message: "the pool is here", span: known.at }];
  for (const { key, at: span } of surplus) {
    log.report("BAL4007", span, { key, owner, pool: name }, notes);
  }
}
