/**
 * Load balancing: settings that the algorithm has no use for.
 */
import { TABLE_MEMBERS_MAX, tableShares, usesTable } from "../../artifact/maglev.ts";
import type { Algorithm } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { BackendDraft } from "../resolve/backend.ts";
import type { PoolDraft } from "../resolve/pool.ts";

/** The algorithms that do not look at weights. */
const UNWEIGHTED: readonly Algorithm[] = ["round-robin", "least-connections"];

/** Warns of what is written in the same block, or of the same backends, and has no effect. */
export function checkBalancing(pool: PoolDraft, log: DiagnosticLog): void {
  const { policy, blocks, backends } = pool;
  const { algorithm, sticky } = policy;
  checkWeights(pool, log);
  const { plain, hash, sticky: stickyBlock } = blocks?.balancing ?? {};
  const unused =
    algorithm === "consistent-hash"
      ? []
      : [
          { key: "hash", at: hash?.at },
          { key: "bounded_load", at: plain?.given.boundedLoadPercent?.at },
        ];
  for (const { key, at } of unused) {
    if (at === undefined) continue;
    const reason = `the algorithm is ${algorithm}`;
    const help = "set algorithm to consistent-hash, or leave it out";
    log.report("BAL5008", at, { key, reason, help });
  }
  const isQueued = blocks?.queue !== undefined && policy.queue.waitersMax > 0;
  if (isQueued && backends.every(({ connectionsMax }) => connectionsMax === 0)) {
    const reason = "no backend has max_connections, so none is ever full";
    const help = "set max_connections, or leave out the queue";
    log.report("BAL5008", blocks.queue!.at, { key: "queue", reason, help });
  }
  if (stickyBlock !== undefined && sticky?.sameSite === "none" && sticky.secure === "false") {
    log.report("BAL5013", stickyBlock.at, {});
  }
}

function checkWeights({ policy, backends }: PoolDraft, log: DiagnosticLog): void {
  const { algorithm } = policy;
  if (usesTable(algorithm)) return checkShares(backends, log);
  if (!UNWEIGHTED.includes(algorithm)) return;
  const [first] = backends;
  const uneven = backends.find(({ weight }) => weight !== first?.weight);
  const weighted = uneven && backends.find((backend) => backend.weighted);
  if (weighted !== undefined) log.report("BAL5006", weighted.at, { algorithm });
}

/** A table has a size, so of weights that are too far apart the smallest gets more than its share. */
function checkShares(backends: readonly BackendDraft[], log: DiagnosticLog): void {
  const members = backends.filter(({ enabled }) => enabled);
  if (members.length < 2 || members.length > TABLE_MEMBERS_MAX) return;
  if (members.every(({ weight }) => weight === members[0]!.weight)) return;
  const weights = members.reduce((sum, { weight }) => sum + weight, 0);
  const entries = tableShares(members);
  const total = entries.reduce((sum, count) => sum + count, 0);
  let worst = 0;
  let error = SHARE_ERROR_MAX;
  members.forEach(({ weight }, index) => {
    const its = Math.abs(entries[index]! / total / (weight / weights) - 1);
    if (its > error) [worst, error] = [index, its];
  });
  if (error === SHARE_ERROR_MAX) return;
  const { at, weight } = members[worst]!;
  log.report("BAL5014", at, {
    weight,
    wanted: percentText(weight / weights),
    given: percentText(entries[worst]! / total),
  });
}

/** Of its share; less nobody would notice. */
const SHARE_ERROR_MAX = 0.1;

/** Three digits that say something: `0.00195%`. */
function percentText(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}
