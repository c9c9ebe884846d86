/**
 * Check: a tree that is right can still be a mistake. Warnings only.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ConfigFile } from "../parse/collect-files.ts";
import type { NamedPoolDraft, PoolDraft } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { SourceText } from "../source-text.ts";
import { checkBackends } from "./backends.ts";
import { checkBalancing } from "./balancing.ts";
import { checkHealth } from "./health.ts";
import { checkRetries } from "./retries.ts";
import { checkStartPages } from "./start-pages.ts";
import { checkTimes } from "./times.ts";

/** Warns of what is allowed and probably not meant. */
export function check(tree: ResolvedTree, files: readonly ConfigFile[], log: DiagnosticLog): void {
  const [first] = files;
  const enabled = tree.services.filter((service) => service.enabled);
  if (first !== undefined && enabled.length === 0 && !log.hasErrors) {
    log.report("BAL5002", new SourceText(first.path, "").top, { disabled: tree.services.length });
  }
  const pools = new Map(tree.pools.map((pool) => [pool.name?.value, pool]));
  for (const service of enabled) {
    const { target } = service;
    if ("backends" in target) checkPool(target, log);
    checkRetries(service, log);
    checkTimes(service, "backends" in target ? target : pools.get(target.pool?.value), log);
  }
  for (const pool of tree.pools) checkPool(pool, log);
  if (!log.hasErrors) checkStartPages(enabled, log);
  checkUse(tree.pools, tree.services, log);
}

function checkPool(pool: PoolDraft, log: DiagnosticLog): void {
  checkBackends(pool, log);
  checkBalancing(pool, log);
  checkHealth(pool, log);
}

/** Disabled services count: their pool waits with them. */
function checkUse(
  pools: readonly NamedPoolDraft[],
  services: readonly ServiceDraft[],
  log: DiagnosticLog,
): void {
  const used = new Set(
    services.map(({ target }) => ("backends" in target ? undefined : target.pool?.value)),
  );
  for (const { name } of pools) {
    if (name !== undefined && !used.has(name.value)) {
      log.report("BAL5007", name.at, { name: name.value });
    }
  }
}
