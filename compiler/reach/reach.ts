/**
 * Reach: which routes no request can reach, which two tie for some request, and which take requests
 * that another one seems to be for. Exact for hosts, patterns, methods and predicates: what is said to
 * be out of reach is, and every witness goes where it is said to go.
 *
 * Most routes are done with a look: of one priority and pattern there is mostly one route, and a route
 * that is met by nothing before it is reached.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Changes } from "../changes.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import { askWithin } from "./ask.ts";
import { Budget } from "./budget.ts";
import { HostNames } from "./host-names.ts";
import { HostRoutes, type Route } from "./host-routes.ts";
import { HostSearch } from "./host-search.ts";
import { reportShadows } from "./shadows.ts";
import { reportTies } from "./ties.ts";
import { reportUnreachable, type Unreachable } from "./unreachable.ts";

/** Steps for all questions of a tree, and for one; a step is some microseconds. */
const STEPS_MAX = 2_000_000;
const STEPS_EACH_MAX = 20_000;

/**
 * Reports what the enabled services of a tree without errors do to each other.
 *
 * @param changes on hosts that are not fresh there is nothing to find
 * @returns the domains on which there is something
 */
export function reach({ hosts, fresh }: Changes, log: DiagnosticLog): Set<string> {
  const names = new HostNames(hosts.keys());
  const budget = new Budget(STEPS_MAX, STEPS_EACH_MAX);
  const ask = askWithin(budget, log);
  const unreachable: Unreachable[] = [];
  const found = new Set<string>();
  for (const [domain, services] of fresh) {
    const host = new HostRoutes(domain, services.filter(isRoute));
    const search = new HostSearch(host, names.under(domain), budget);
    const before = log.size + unreachable.length;
    for (const route of host.routes) {
      const covers = ask(route, () => search.coversOf(route));
      if (covers !== undefined) unreachable.push({ route, host, covers, search });
    }
    reportTies(search, ask, log);
    reportShadows(search, ask, log);
    if (log.size + unreachable.length > before) found.add(domain);
  }
  reportUnreachable(unreachable, log);
  return found;
}

function isRoute(service: ServiceDraft): service is Route {
  return service.pattern !== undefined;
}
