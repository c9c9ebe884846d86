/**
 * Ties: two routes with one pattern and priority that are equally specific, and a request that meets
 * both. Which one took it would be chance.
 */
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Ask } from "./ask.ts";
import type { Route, Terminal } from "./host-routes.ts";
import type { HostSearch } from "./host-search.ts";
import { requestsOf } from "./request-set.ts";
import { nameOf } from "./unreachable.ts";
import { type Witness, witnessText } from "./witness.ts";

/** Reports the ties of a host: for each route the first one before it, once for all their hosts. */
export function reportTies(search: HostSearch, ask: Ask, log: DiagnosticLog): void {
  for (const terminal of search.host.sharedTerminals()) {
    for (const route of terminal.routes) {
      const tie = ask(route, () => tieOf(search, terminal, route));
      if (tie === undefined) continue;
      const { other, witness } = tie;
      const params = {
        service: nameOf(route),
        other: nameOf(other),
        request: witnessText(witness),
      };
      const note = { message: `"${nameOf(other)}" is here`, span: other.pattern.at };
      log.report("BAL4102", route.pattern.at, params, [note]);
    }
  }
}

function tieOf(
  search: HostSearch,
  terminal: Terminal,
  route: Route,
): { other: Route; witness: Witness } | undefined {
  for (const other of terminal.mayMeet(route)) {
    if (!terminal.isBefore(other, route) || compareSpecificity(other, route) !== 0) continue;
    const witness = search.arrivalAt(route, requestsOf(other, requestsOf(route)));
    if (witness !== undefined) return { other, witness };
  }
  return undefined;
}
