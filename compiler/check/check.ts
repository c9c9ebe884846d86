/**
 * Check: a tree that is right can still be a mistake. Warnings only.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Changes } from "../changes.ts";
import type { ConfigFile } from "../parse/collect-files.ts";
import type { NamedPoolDraft, PoolDraft, PoolReference } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import { type StreamDraft, targetsOf } from "../resolve/stream.ts";
import { SourceText } from "../source-text.ts";
import { checkAdministration } from "./administration.ts";
import { checkBackends } from "./backends.ts";
import { checkBalancing } from "./balancing.ts";
import { checkCertificate, type ReadCertificate } from "./certificate.ts";
import { checkHealth } from "./health.ts";
import { checkRetries } from "./retries.ts";
import { checkSeries } from "./series.ts";
import { checkStartPages, type PagelessHosts } from "./start-pages.ts";
import { checkAcceptance, checkStream } from "./streams.ts";
import { checkDrain, checkTimes } from "./times.ts";

/**
 * Warns of what is allowed and probably not meant.
 *
 * @param changes what has to be looked at
 * @param readCertificate how `global.tls.cert_file` is read, which is not part of the tree
 * @returns the hosts without a start page; none where the tree has errors
 */
export function check(
  tree: ResolvedTree,
  { alone, hosts, fresh, pageless }: Changes,
  files: readonly ConfigFile[],
  readCertificate: ReadCertificate,
  log: DiagnosticLog,
): PagelessHosts {
  const { settings, places, sums } = tree;
  const [first] = files;
  const streams = tree.streams.filter((stream) => stream.enabled);
  const isIdle = sums.every(({ count }) => count === 0) && streams.length === 0;
  if (first !== undefined && isIdle && !log.hasErrors) {
    log.report("BAL5002", new SourceText(first.path, "").top, {
      disabled: tree.services().length + tree.streams.length,
    });
  }
  const pools = new Map(tree.pools.map((pool) => [pool.name?.value, pool]));
  for (const service of alone) {
    const { target } = service;
    if ("backends" in target) checkPool(target, log);
    checkRetries(service, log);
    checkTimes(service, "backends" in target ? target : pools.get(target.pool?.value), log);
  }
  checkDrain(tree, log);
  for (const stream of streams) {
    checkStream(stream, log);
    checkStreamPools(stream, log);
  }
  checkAcceptance(settings.proxyProtocol, places.proxyAccept, log);
  checkAdministration(settings.admin, places, log);
  for (const pool of tree.pools) checkPool(pool, log);
  const targets = [
    ...sums.flatMap(({ referring }) => referring.map(({ target }) => target)),
    ...tree.streams.flatMap(targetsOf),
  ];
  checkUse(tree.pools, targets, log);
  if (log.hasErrors || first === undefined) return new Map();
  const top = places.metrics ?? new SourceText(first.path, "").top;
  checkSeries(sums, pools, settings, top, log);
  checkCertificate(hosts, settings, readCertificate, log);
  return checkStartPages(fresh, pageless, log);
}

function checkPool(pool: PoolDraft, log: DiagnosticLog): void {
  checkBackends(pool, log);
  checkBalancing(pool, log);
  checkHealth(pool, log);
}

/** The blocks of a stream are for the backends of all its routes: what one has no use for, another may. */
function checkStreamPools(stream: StreamDraft, log: DiagnosticLog): void {
  const own = targetsOf(stream).filter((target) => "backends" in target);
  for (const pool of own) checkBackends(pool, log);
  const [first] = own;
  if (first === undefined) return;
  checkBalancing({ ...first, backends: own.flatMap(({ backends }) => backends) }, log);
  checkHealth(first, log);
}

/** Disabled services and streams count: their pool waits with them. */
function checkUse(
  pools: readonly NamedPoolDraft[],
  targets: readonly (PoolDraft | PoolReference)[],
  log: DiagnosticLog,
): void {
  const used = new Set(
    targets.map((target) => ("backends" in target ? undefined : target.pool?.value)),
  );
  for (const { name } of pools) {
    if (name !== undefined && !used.has(name.value)) {
      log.report("BAL5007", name.at, { name: name.value });
    }
  }
}
