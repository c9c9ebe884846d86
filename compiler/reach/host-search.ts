/**
 * Host search: the questions about the routes of one host.
 */
import type { Budget } from "./budget.ts";
import type { HostRoutes, Route } from "./host-routes.ts";
import { inOrder } from "./in-order.ts";
import { pathCases } from "./path-cases.ts";
import { type Member, RequestSearch, type RequestSet, requestsOf } from "./request-set.ts";
import { Values } from "./values.ts";
import { freshSegment, pathOf, type Witness } from "./witness.ts";

/** More covering routes are not narrowed down to those that are needed. */
const COVERS_MAX = 16;

export class HostSearch {
  readonly host: HostRoutes;
  /** Undefined where other domains take all of this one's hosts. */
  readonly #name: string | undefined;
  readonly #requests: RequestSearch;
  #fresh: string | undefined;

  constructor(host: HostRoutes, name: string | undefined, budget: Budget) {
    this.host = host;
    this.#name = name;
    this.#requests = new RequestSearch(new Values(budget), budget);
  }

  /**
   * The routes that take whatever a route could take; undefined where it is reached. An empty list
   * says that its own conditions, or the hosts of its domain, leave nothing.
   *
   * @throws OverBudget
   */
  coversOf(route: Route): Route[] | undefined {
    if (this.#name === undefined) return [];
    let covers: Route[] | undefined;
    for (const { before } of pathCases(this.host, route)) {
      if (before.length === 0 && route.predicates.length === 0) return undefined;
      const set = requestsOf(route);
      if (this.#requests.memberOutside(set, before) !== undefined) return undefined;
      covers = [...(covers ?? []), ...this.#needed(set, before)];
    }
    return covers && [...new Set(covers)];
  }

  /**
   * A request that a route takes, of those in `set`; undefined where there is none.
   *
   * @throws OverBudget
   */
  arrivalAt(route: Route, set: RequestSet = requestsOf(route)): Witness | undefined {
    for (const { tail, before } of pathCases(this.host, route)) {
      const member = this.#requests.memberOutside(set, before);
      if (member !== undefined) return this.#witness(member, route, tail);
    }
    return undefined;
  }

  /** A request that a route would take if it were alone. */
  requestFor(route: Route): Witness | undefined {
    const member = this.#requests.memberOutside(requestsOf(route), []);
    return member && this.#witness(member, route, 0);
  }

  /**
   * A request to `path` that both routes could take and the first one does; undefined where there is
   * none.
   *
   * @throws OverBudget
   */
  taken(first: Route, second: Route, segments: readonly string[]): Witness | undefined {
    const before: Route[] = [];
    for (const route of inOrder(this.host, segments)) {
      if (route === first) {
        const set = requestsOf(first, requestsOf(second));
        const member = this.#requests.memberOutside(set, before);
        return member && this.#at(member, `/${segments.join("/")}`);
      }
      if (route === second) return undefined;
      before.push(route);
    }
    return undefined;
  }

  /** True where every request that `narrow` asks for meets what `wide` asks for, paths aside. */
  isWithin(narrow: Route, wide: Route): boolean {
    return this.#requests.memberOutside(requestsOf(narrow), [wide]) === undefined;
  }

  /** The route that takes a request. */
  takerOf(witness: Witness): Route | undefined {
    const segments = witness.path.split("/").filter((segment) => segment !== "");
    for (const route of inOrder(this.host, segments)) {
      if (this.#requests.meets(witness, route)) return route;
    }
    return undefined;
  }

  /** A segment that no pattern of the host writes out. */
  get fresh(): string {
    return (this.#fresh ??= freshSegment(this.host.routes.map(({ pattern }) => pattern.parsed)));
  }

  /** Of the routes that cover a set those without which they would not. */
  #needed(set: RequestSet, before: readonly Route[]): Route[] {
    let needed = before.filter((route) => {
      return this.#requests.memberOutside(requestsOf(route, set), []) !== undefined;
    });
    if (needed.length > COVERS_MAX) return needed;
    for (const route of needed.toReversed()) {
      const without = needed.filter((other) => other !== route);
      if (this.#requests.memberOutside(set, without) === undefined) needed = without;
    }
    return needed;
  }

  #witness(member: Member, { pattern }: Route, tail: number): Witness {
    return this.#at(member, pathOf(pattern.parsed, tail, this.fresh));
  }

  #at(member: Member, path: string): Witness {
    return { host: this.#name ?? this.host.domain, path, ...member };
  }
}
