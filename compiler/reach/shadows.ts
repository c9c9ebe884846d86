/**
 * Shadows: routes that take some of the requests that another one seems to be for. That a literal wins
 * over a parameter, or a route with a condition over the one without, is how routes are written; that a
 * priority turns this round, or that two routes ask for different things and one request has both, is
 * easily overlooked. Each route that shadows is reported once, with the first one it shadows.
 */
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Ask } from "./ask.ts";
import type { Level, Route, Terminal } from "./host-routes.ts";
import type { HostSearch } from "./host-search.ts";
import { meetings } from "./meetings.ts";
import { nameOf } from "./unreachable.ts";
import { type Witness, witnessText } from "./witness.ts";

/** Routes that one is compared with before nothing is said of it. */
const COMPARED_MAX = 200;

/** Reports the shadows on a host. */
export function reportShadows(search: HostSearch, ask: Ask, log: DiagnosticLog): void {
  for (const terminal of search.host.sharedTerminals()) {
    for (const route of terminal.routes) {
      const shadow = ask(route, () => beside(search, terminal, route));
      if (shadow !== undefined) report(route, shadow, "conditions", log);
    }
  }
  const { levels, routes } = search.host;
  for (const route of levels.length > 1 ? routes : []) {
    const lower = levels.filter(({ priority }) => priority < route.priority);
    const shadow = ask(route, () => below(search, lower, route));
    if (shadow !== undefined) report(route, shadow, "priority", log);
  }
}

/** A shadowed route, a request that it does not get, and one that it gets. */
interface Shadow {
  shadowed: Route;
  lost: Witness;
  kept: Witness;
}

/** A less specific route of the same pattern that asks for something that `route` does not ask for. */
function beside(search: HostSearch, terminal: Terminal, route: Route): Shadow | undefined {
  let compared = 0;
  for (const other of terminal.mayMeet(route)) {
    if (other.predicates.length === 0 && other.methods.length === 0) continue;
    if (compareSpecificity(route, other) >= 0 || search.isWithin(route, other)) continue;
    if (++compared > COMPARED_MAX) return undefined;
    const { segments } = route.pattern.parsed;
    const path = segments.map(({ kind, text }) => (kind === "literal" ? text : search.fresh));
    const shadow = shadowOf(search, route, other, path);
    if (shadow !== undefined) return shadow;
  }
  return undefined;
}

/** A route of a lower priority that would come first but for that. */
function below(search: HostSearch, lower: readonly Level[], route: Route): Shadow | undefined {
  let compared = 0;
  for (const { root } of lower) {
    for (const { indices, segments } of meetings(root, route.pattern.parsed, search.fresh)) {
      compared++;
      for (const other of search.host.terminal(indices).mayMeet(route)) {
        if (++compared > COMPARED_MAX) return undefined;
        if (compareAside(other, route) >= 0) continue;
        const shadow = shadowOf(search, route, other, segments);
        if (shadow !== undefined) return shadow;
      }
    }
  }
  return undefined;
}

/** Negative where `a` would come before `b` if they had one priority. */
function compareAside(a: Route, b: Route): number {
  const [p, q] = [a.pattern.parsed, b.pattern.parsed];
  const rank = ({ segments, rest }: typeof p, at: number): number => {
    const segment = segments[at];
    if (segment === undefined) return rest ? 3 : 0;
    return segment.kind === "literal" ? 1 : 2;
  };
  const length = Math.max(p.segments.length, q.segments.length) + 1;
  for (let at = 0; at < length; at++) {
    const difference = rank(p, at) - rank(q, at);
    if (difference !== 0) return difference;
  }
  return compareSpecificity(a, b);
}

function shadowOf(
  search: HostSearch,
  route: Route,
  other: Route,
  path: readonly string[],
): Shadow | undefined {
  const lost = search.taken(route, other, path);
  const kept = lost && search.arrivalAt(other);
  return kept && { shadowed: other, lost, kept };
}

function report(
  route: Route,
  { shadowed, lost, kept }: Shadow,
  by: "priority" | "conditions",
  log: DiagnosticLog,
): void {
  const params = {
    service: nameOf(route),
    shadowed: nameOf(shadowed),
    lost: witnessText(lost),
    kept: witnessText(kept),
    by,
  };
  const at = by === "priority" ? route.priorityAt : route.pattern.at;
  const note = { message: `"${nameOf(shadowed)}" is here`, span: shadowed.pattern.at };
  log.report("BAL5101", at, params, [note]);
}
