/**
 * Running route tests: each request is put to the opened artifact, and what becomes of it is held against
 * what is expected.
 */
import type { Settings } from "../../artifact/model.ts";
import type { Decision } from "../explain/decide.ts";
import type { Explainer, Explanation } from "../explain/explanation.ts";
import type { Request } from "../explain/request.ts";
import { isPassedOn, type Upstream } from "../explain/upstream.ts";
import type { Expectation, RouteTest } from "./route-test.ts";

/** What of a test was expected, and what came instead. */
export interface TestFault {
  what: string;
  expected: string;
  got: string;
}

export interface TestResult {
  test: RouteTest;
  /** Empty where the test passes. */
  faults: TestFault[];
  /** Of a test that fails. */
  explanation?: Explanation;
  /** The route that took the request, a position in the model's services; −1 where none did. */
  route: number;
}

/** Runs tests, in their order. */
export function runRouteTests(tests: readonly RouteTest[], explainer: Explainer): TestResult[] {
  return tests.map((test) => {
    const { request, expected } = test;
    const decision = explainer.decide(request);
    const faults = faultsOf(expected, request, outcomeOf(explainer, request, decision));
    const { route } = decision;
    if (faults.length === 0) return { test, faults, route };
    return { test, faults, route, explanation: explainer.explain(request) };
  });
}

/** What tests are about. */
interface Outcome {
  status: number;
  allow: readonly string[];
  service: string | undefined;
  pool: string | undefined;
  upstream: Upstream | null;
  settings: Settings;
}

function outcomeOf(explainer: Explainer, request: Request, decision: Decision): Outcome {
  const { model } = explainer;
  const { answer, route } = decision;
  const service = route < 0 ? undefined : model.services[route]!;
  return {
    status: answer?.status ?? 0,
    allow: answer?.allow ?? [],
    service: service?.name,
    pool: service?.pool.key,
    upstream: explainer.upstream(request, decision),
    settings: model.settings,
  };
}

function faultsOf(expected: Expectation, request: Request, outcome: Outcome): TestFault[] {
  const { status, service, pool, upstream, allow, settings } = outcome;
  const faults: TestFault[] = [];
  const check = (what: string, wanted: string | undefined, got: string): void => {
    if (wanted !== undefined && wanted !== got) faults.push({ what, expected: wanted, got });
  };
  const answered = `answered ${status} by the gateway`;
  if (expected.route === null) check("route", "none", service ?? "none");
  else check("route", expected.route, service ?? answered);
  check("pool", expected.pool, pool ?? answered);
  check("path", expected.path, upstream?.target ?? answered);
  check("status", textOf(expected.status), status === 0 ? "a backend's" : String(status));
  check("allow", expected.allow && listOf(expected.allow), listOf(allow));
  for (const { name, value } of expected.headers) {
    const got = seenField(name, request, upstream, settings) ?? "not sent";
    check(name, value ?? "not sent", upstream === null ? answered : got);
  }
  return faults;
}

/** The value of a field as the backend sees it. */
function seenField(
  name: string,
  { fields }: Request,
  upstream: Upstream | null,
  settings: Settings,
): string | undefined {
  const isIt = (field: { name: string }) => field.name.toLowerCase() === name.toLowerCase();
  const own = upstream?.fields.filter(isIt) ?? [];
  const seen = isPassedOn(name, settings) ? [...fields.filter(isIt), ...own] : own;
  return seen.length === 0 ? undefined : seen.map(({ value }) => value).join(", ");
}

function textOf(status: number | undefined): string | undefined {
  return status === undefined ? undefined : String(status);
}

function listOf(methods: readonly string[]): string {
  return methods.length === 0 ? "none" : methods.toSorted().join(", ");
}
