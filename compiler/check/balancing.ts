/**
 * Load balancing: settings that the algorithm has no use for.
 */
import type { Algorithm } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
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
  if (!UNWEIGHTED.includes(algorithm)) return;
  const [first] = backends;
  const uneven = backends.find(({ weight }) => weight !== first?.weight);
  const weighted = uneven && backends.find((backend) => backend.weighted);
  if (weighted !== undefined) log.report("BAL5006", weighted.at, { algorithm });
}
