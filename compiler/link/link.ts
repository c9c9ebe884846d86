/**
 * Link: services are set beside each other: names that are taken, routes that are taken. Only
 * enabled ones: a disabled service may wait to take the place of another.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import { linkMethods } from "./methods.ts";
import { linkNames } from "./names.ts";
import { linkParameters } from "./parameters.ts";
import { linkRoutes } from "./routes.ts";

/** Reports what the services of a tree cannot have together. */
export function link(tree: ResolvedTree, log: DiagnosticLog): void {
  const services = tree.services.filter(({ enabled }) => enabled);
  const clashes = linkRoutes(services, log);
  linkNames(services, clashes, log);
  linkParameters(services, log);
  linkMethods(services, log);
}
