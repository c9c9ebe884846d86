/**
 * Link: services, streams and pools are set beside each other: names that are taken, routes and
 * addresses that are taken, pools that are not there. Only enabled ones: a disabled one may wait to
 * take the place of another.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Changes } from "../memory.ts";
import type { PoolDraft } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import { targetsOf } from "../resolve/stream.ts";
import { linkMethods } from "./methods.ts";
import { linkNames } from "./names.ts";
import { linkOwners } from "./owners.ts";
import { linkParameters } from "./parameters.ts";
import { linkPools } from "./pools.ts";
import { linkRoutes } from "./routes.ts";
import { linkStreams } from "./streams.ts";
import { linkTables } from "./tables.ts";
import { linkTransports } from "./transports.ts";

/**
 * Reports what the services, streams and pools of a tree cannot have together.
 *
 * @param changes services of hosts that are not fresh have nothing to do with each other
 * @param hasNameTwice whether names have to be looked at
 */
export function link(
  tree: ResolvedTree,
  { fresh, added }: Changes,
  hasNameTwice: boolean,
  log: DiagnosticLog,
): void {
  const services = tree.services.filter(({ enabled }) => enabled);
  const streams = tree.streams.filter(({ enabled }) => enabled);
  const isFresh = new Set([...fresh.values()].flat());
  const some = isFresh.size === 0 ? [] : services.filter((service) => isFresh.has(service));
  const clashes = linkRoutes(some, log);
  if (hasNameTwice) linkNames(services, clashes, log);
  linkParameters(some, log);
  linkMethods(services, log);
  linkOwners(tree.owners, added, log);
  linkPools(tree.pools, services, streams, log);
  linkStreams(streams, tree.settings, tree.places, log);
  linkTransports(tree.pools, services, streams, log);
  const targets = [...services.map(({ target }) => target), ...streams.flatMap(targetsOf)];
  const own = targets.flatMap((target): PoolDraft[] => ("backends" in target ? [target] : []));
  linkTables([...tree.pools, ...own], log);
}
