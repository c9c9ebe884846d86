/**
 * Tables: what the pools that hash add to the artifact is limited.
 */
import { TABLE_MEMBERS_MAX, usesTable } from "../../artifact/maglev.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PoolDraft, PoolReference } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { type StreamDraft, targetsOf } from "../resolve/stream.ts";
import { tableEntriesOf } from "../resolve/sums.ts";

/** Four bytes each: 128 MiB. */
const ENTRIES_MAX = 1 << 25;

/**
 * Reports pools with too many backends to hash, and the first pool whose table is too much.
 *
 * @param alone the services whose own pools may have too many backends
 */
export function linkTables(
  { pools, sums, services }: ResolvedTree,
  alone: readonly ServiceDraft[],
  streams: readonly StreamDraft[],
  log: DiagnosticLog,
): void {
  const others = [...pools, ...ownOf(streams.flatMap(targetsOf))];
  for (const pool of [...others, ...ownOf(alone.map(({ target }) => target))]) {
    linkMembers(pool, log);
  }
  const entries = sums.reduce((sum, { tableEntries }) => sum + tableEntries, 0);
  if (others.reduce((sum, pool) => sum + tableEntriesOf(pool), entries) <= ENTRIES_MAX) return;
  const enabled = services().filter((service) => service.enabled);
  const own = ownOf([...enabled.map(({ target }) => target), ...streams.flatMap(targetsOf)]);
  let sum = 0;
  for (const pool of [...pools, ...own]) {
    sum += tableEntriesOf(pool);
    if (sum <= ENTRIES_MAX) continue;
    log.report("BAL4008", pool.at, { entriesMax: ENTRIES_MAX });
    return;
  }
}

function linkMembers({ at, backends, policy }: PoolDraft, log: DiagnosticLog): void {
  if (!usesTable(policy.algorithm)) return;
  const members = backends.filter(({ enabled }) => enabled).length;
  if (members > TABLE_MEMBERS_MAX) log.report("BAL4008", at, { backends: members });
}

function ownOf(targets: readonly (PoolDraft | PoolReference)[]): PoolDraft[] {
  return targets.flatMap((target) => ("backends" in target ? [target] : []));
}
