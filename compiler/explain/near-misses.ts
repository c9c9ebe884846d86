/**
 * Near misses: routes that would have taken a request if something were otherwise, and what that is.
 *
 * The matcher itself finds them: on a copy of the routes' table in which conditions are lifted, the
 * winner is taken out and the question put again, so that they come in the order in which they are
 * tried. Only spelling mistakes are looked for by comparing texts (similar-routes.ts).
 */
import {
  HOST_ANY,
  HOST_EXACT,
  HOST_WILDCARD,
  NONE,
  offsetsOf,
  strideOf,
} from "../../artifact/layout.ts";
import { Matcher } from "../../artifact/match.ts";
import type { Model, Predicate, Service } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { predicateText } from "../../artifact/predicate-text.ts";
import { RequestValues } from "../../artifact/request-values.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import type { Decision, MatchedBytes } from "./decide.ts";
import { fieldValue, parameterValue, type Request } from "./request.ts";
import { routeRef, type RouteRef } from "./route-ref.ts";

/** Why a route lost. */
export type Cause =
  | "method"
  | "match"
  | "priority"
  | "less-specific"
  | "conditions"
  | "less-specific-host"
  | "similar-path";

export interface NearMiss {
  route: RouteRef;
  cause: Cause;
  /** In words: `takes POST, not GET`. */
  why: string;
}

/** Of one request; more say nothing new. */
const NEAR_MISSES_MAX = 8;

const ROUTE = offsetsOf("routes");
const ROUTE_STRIDE = strideOf("routes");

export class NearMisses {
  readonly #view: View;
  readonly #model: Model;
  /** The routes' table with every condition but host and path lifted, and routes taken out. */
  readonly #lifted: Uint32Array;
  readonly #liftedMatcher: Matcher;
  readonly #matcher: Matcher;
  readonly #values: RequestValues;
  readonly #hosts: RowReader<"hosts">;

  constructor(view: View, model: Model) {
    this.#view = view;
    this.#model = model;
    this.#lifted = view.routes.slice();
    this.#liftedMatcher = new Matcher({ ...view, routes: this.#lifted });
    this.#matcher = new Matcher(view);
    this.#values = new RequestValues(view);
    this.#hosts = new RowReader(view, "hosts");
    for (let at = 0; at < this.#lifted.length; at += ROUTE_STRIDE) lift(this.#lifted, at);
  }

  /** The near misses of a request, the nearest first. */
  of(request: Request, decision: Decision): NearMiss[] {
    const { matched, host } = decision;
    if (matched === undefined || host === NONE) return [];
    const rows = this.#fitting(host, matched).filter((row) => row !== decision.route);
    return [
      ...this.#onHost(request, decision, matched, rows),
      ...this.#onWiderHosts(decision, matched, new Set(rows)),
    ].slice(0, NEAR_MISSES_MAX);
  }

  /** Routes of the request's own host whose path fits. */
  #onHost(
    request: Request,
    decision: Decision,
    matched: MatchedBytes,
    rows: readonly number[],
  ): NearMiss[] {
    const winner = decision.route < 0 ? undefined : this.#model.services[decision.route]!;
    const domain = domainText(this.#hosts, decision.host);
    return rows.map((row) => {
      const service = this.#model.services[row]!;
      const [cause, why] =
        this.#conditionFault(request, row, service, matched) ??
        orderFault(service, winner, decision.path);
      return { route: routeRef(service, domain), cause, why };
    });
  }

  /** Rows of the routes on a host whose path fits, in the order in which they are tried. */
  #fitting(host: number, { path }: MatchedBytes): number[] {
    const rows: number[] = [];
    while (rows.length <= NEAR_MISSES_MAX) {
      const row = this.#liftedMatcher.match(host, 0, path, 0, path.length);
      if (row < 0) break;
      rows.push(row);
      // No request has the method of bit 0 of "no method": the route is passed over from now on.
      this.#lifted[row * ROUTE_STRIDE + ROUTE.methods] = 1;
    }
    for (const row of rows) lift(this.#lifted, row * ROUTE_STRIDE);
    return rows;
  }

  /** The condition of a route that does not hold. */
  #conditionFault(
    request: Request,
    row: number,
    { methods, predicates }: Service,
    { head, input }: MatchedBytes,
  ): [Cause, string] | undefined {
    const first = this.#view.routes[row * ROUTE_STRIDE + ROUTE.predicates]!;
    this.#values.begin(head, input);
    for (const [index, predicate] of predicates.entries()) {
      if (!this.#values.holds(first + index)) return ["match", predicateFault(predicate, request)];
    }
    if (methods.length === 0 || methods.includes(request.method)) return undefined;
    return ["method", `takes ${methods.join(", ")}, not ${request.method}`];
  }

  /** Domains that cover the host too but less closely: there is no way back to them. */
  #onWiderHosts(
    { host, route }: Decision,
    matched: MatchedBytes,
    told: ReadonlySet<number>,
  ): NearMiss[] {
    const { methodBit, path, head, input } = matched;
    const hosts = this.#hosts;
    const name = matched.host.toString().toLowerCase();
    const misses: NearMiss[] = [];
    for (let row = 0; row < hosts.count; row++) {
      if (row === host || !covers(hosts, row, name)) continue;
      const other = this.#matcher.match(row, methodBit, path, 0, path.length, head, input);
      if (other < 0 || other === route || told.has(other)) continue;
      const [domain, chosen] = [domainText(hosts, row), domainText(hosts, host)];
      misses.push({
        route: routeRef(this.#model.services[other]!, domain),
        cause: "less-specific-host",
        why: `is on ${domain}; ${chosen} covers the host more closely, and there is no way back`,
      });
    }
    return misses;
  }
}

function lift(routes: Uint32Array, at: number): void {
  routes[at + ROUTE.methods] = 0;
  routes[at + ROUTE.predicates] = NONE;
}

/** The domain of a row of `hosts`. */
export function domainText(hosts: RowReader<"hosts">, row: number): string {
  const kind = hosts.number(row, "kind");
  if (kind === HOST_ANY) return "*";
  const name = hosts.text(row, "name");
  return kind === HOST_WILDCARD ? `*.${name}` : name;
}

function covers(hosts: RowReader<"hosts">, row: number, host: string): boolean {
  const kind = hosts.number(row, "kind");
  if (kind === HOST_ANY) return true;
  const name = hosts.text(row, "name");
  return kind === HOST_EXACT
    ? host === name
    : host.endsWith(`.${name}`) && host.length > name.length + 1;
}

function predicateFault(predicate: Predicate, request: Request): string {
  const { subject, name } = predicate;
  const value = subject === "header" ? fieldValue(request, name) : parameterValue(request, name);
  const is = value === undefined ? "it is not sent" : `it is ${JSON.stringify(value)}`;
  return `asks that ${predicateText(predicate)}; ${is}`;
}

/** Both take the request: why `service` comes after the winner. */
function orderFault(service: Service, winner: Service | undefined, path: string): [Cause, string] {
  if (winner === undefined) return ["similar-path", "would take it"];
  if (service.priority !== winner.priority) {
    return ["priority", `has priority ${service.priority}; the winner has ${winner.priority}`];
  }
  const step = firstDifference(service, winner, path);
  if (step !== undefined) return ["less-specific", step];
  return ["conditions", "has the same pattern, and conditions that come after the winner's"];
}

/** At which segment two patterns part, in words. */
function firstDifference(service: Service, winner: Service, path: string): string | undefined {
  const [mine, theirs] = [service, winner].map(
    ({ pattern }) => parsePattern(pattern) as Pattern,
  ) as [Pattern, Pattern];
  const segments = path.split("/").filter((segment) => segment !== "");
  for (let index = 0; index <= segments.length; index++) {
    const [a, b] = [stepText(mine, index), stepText(theirs, index)];
    if (a.kind === b.kind) continue;
    const at = segments[index] === undefined ? "at the end" : `for "${segments[index]}"`;
    return `is less specific: ${at} it has ${a.text}, the winner ${b.text}`;
  }
  return undefined;
}

function stepText({ segments, rest }: Pattern, index: number): { kind: string; text: string } {
  const segment = segments[index];
  if (segment === undefined)
    return rest ? { kind: "rest", text: "*" } : { kind: "end", text: "its end" };
  return segment.kind === "parameter"
    ? { kind: "parameter", text: `:${segment.text}` }
    : { kind: "literal", text: `"${segment.text}"` };
}
