/**
 * Coverage: which routes some passing test's request reaches, and which none does.
 */
import type { Model } from "../../artifact/model.ts";
import { routeRef, type RouteRef } from "../explain/route-ref.ts";
import type { TestResult } from "./run.ts";

export interface Coverage {
  covered: number;
  total: number;
  /** Routes without a test, in the order of the model. */
  missing: RouteRef[];
}

export function coverageOf({ services }: Model, results: readonly TestResult[]): Coverage {
  const reached = new Set<number>();
  for (const { route, faults } of results)
    if (route >= 0 && faults.length === 0) reached.add(route);
  const missing = services.filter((_, row) => !reached.has(row)).map((one) => routeRef(one));
  return { covered: services.length - missing.length, total: services.length, missing };
}
