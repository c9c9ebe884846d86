/**
 * Link: services, streams and pools are set beside each other: names that are taken, routes and
 * addresses that are taken, pools that are not there. Only enabled ones: a disabled one may wait to
 * take the place of another.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Changes } from "../changes.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
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
 * @param changes what has to be looked at
 * @param hasNameTwice whether names have to be
 */
export function link(
  tree: ResolvedTree,
  { added, routed, alone }: Changes,
  hasNameTwice: boolean,
  log: DiagnosticLog,
): void {
  const streams = tree.streams.filter(({ enabled }) => enabled);
  const clashes = linkRoutes(routed, log);
  if (hasNameTwice) linkNames(tree.services(), clashes, log);
  linkParameters(routed, log);
  linkMethods(tree, log);
  linkOwners(tree.owners, added, log);
  linkPools(tree.pools, alone, streams, log);
  linkStreams(streams, tree.settings, tree.places, log);
  linkTransports(tree.pools, alone, streams, log);
  linkTables(tree, alone, streams, log);
}
