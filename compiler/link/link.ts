/**
 * Link: services and pools are set beside each other: names that are taken, routes that are taken,
 * pools that are not there. Only enabled services: a disabled one may wait to take the place of
 * another.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import { linkMethods } from "./methods.ts";
import { linkNames } from "./names.ts";
import { linkParameters } from "./parameters.ts";
import { linkPools } from "./pools.ts";
import { linkRoutes } from "./routes.ts";
import { linkTables } from "./tables.ts";

/** Reports what the services and pools of a tree cannot have together. */
export function link(tree: ResolvedTree, log: DiagnosticLog): void {
  const services = tree.services.filter(({ enabled }) => enabled);
  const clashes = linkRoutes(services, log);
  linkNames(services, clashes, log);
  linkParameters(services, log);
  linkMethods(services, log);
  linkPools(tree.pools, services, log);
  const own = services.flatMap(({ target }) => ("backends" in target ? [target] : []));
  linkTables([...tree.pools, ...own], log);
}
