/**
 * Unreachable: routes that no request can reach, with the routes that are before them.
 */
import type { DiagnosticLog, SpanNote } from "../diagnostic-log.ts";
import type { HostRoutes, Route } from "./host-routes.ts";
import type { HostSearch } from "./host-search.ts";
import { witnessText } from "./witness.ts";

/** A route of a host that nothing reaches; `covers` take what it could take. */
export interface Unreachable {
  route: Route;
  host: HostRoutes;
  covers: readonly Route[];
  search: HostSearch;
}

/** Of many covering routes so many are shown. */
const NOTES_MAX = 5;

/** Reports routes: an error where no host leads to one, a warning where some do. */
export function reportUnreachable(found: readonly Unreachable[], log: DiagnosticLog): void {
  const byRoute = Map.groupBy(found, ({ route }) => route);
  for (const [route, hosts] of byRoute) {
    const [first] = hosts as [Unreachable, ...Unreachable[]];
    const params = { service: nameOf(route), ...firstGoes(first) };
    const notes = notesOf(new Set(hosts.flatMap(({ covers }) => covers)));
    if (hosts.length === route.domains.length) {
      log.report("BAL4101", route.pattern.at, { ...params, isCovered: notes.length > 0 }, notes);
    } else {
      const domains = hosts.map(({ host }) => host.domain);
      log.report("BAL5102", route.pattern.at, { ...params, domains }, notes);
    }
  }
}

/** A request that seems to be for a route, and who takes it. */
function firstGoes({ route, search }: Unreachable): { request: string; taker: string } | undefined {
  const witness = search.requestFor(route);
  const taker = witness && search.takerOf(witness);
  if (witness === undefined || taker === undefined) return undefined;
  return { request: witnessText(witness), taker: nameOf(taker) };
}

function notesOf(covers: ReadonlySet<Route>): SpanNote[] {
  return [...covers].slice(0, NOTES_MAX).map((route, index) => {
    const more = covers.size - NOTES_MAX;
    const rest = index === NOTES_MAX - 1 && more > 0 ? `, and ${more} more` : "";
    return { message: `"${nameOf(route)}" is asked first${rest}`, span: route.pattern.at };
  });
}

/** What diagnostics call a route. */
export function nameOf({ name }: Route): string {
  return name?.text ?? "";
}
