/**
 * Asking within a budget: a question that is too dear has no answer, and that is reported.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { type Budget, OverBudget } from "./budget.ts";
import type { Route } from "./host-routes.ts";
import { nameOf } from "./unreachable.ts";

/** Asks about a route; undefined where there is no answer, or none that can be paid for. */
export type Ask = <T>(route: Route, question: () => T) => T | undefined;

export function askWithin(budget: Budget, log: DiagnosticLog): Ask {
  return (route, question) => {
    budget.begin();
    try {
      return question();
    } catch (error) {
      if (!(error instanceof OverBudget)) throw error;
      log.report("BAL5103", route.pattern.at, { service: nameOf(route) });
      return undefined;
    }
  };
}
