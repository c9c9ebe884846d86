/**
 * Tables: what the pools that hash add to the artifact is limited.
 */
import { TABLE_MEMBERS_MAX, tableLength, usesTable } from "../../artifact/maglev.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PoolDraft } from "../resolve/pool.ts";

/** Four bytes each: 128 MiB. */
const ENTRIES_MAX = 1 << 25;

/** Reports pools with too many backends to hash, and the first pool whose table is too much. */
export function linkTables(pools: readonly PoolDraft[], log: DiagnosticLog): void {
  let entries = 0;
  for (const { at, backends, policy } of pools) {
    if (!usesTable(policy.algorithm)) continue;
    const members = backends.filter(({ enabled }) => enabled);
    if (members.length > TABLE_MEMBERS_MAX) {
      log.report("BAL4008", at, { backends: members.length });
      continue;
    }
    const isOver = entries > ENTRIES_MAX;
    entries += tableLength(members);
    if (!isOver && entries > ENTRIES_MAX) {
      log.report("BAL4008", at, { entriesMax: ENTRIES_MAX });
    }
  }
}
