/**
 * The routes of one host as the matcher will see them: a trie for each priority, and at each terminal
 * the routes from the most specific on.
 */
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import { insert, type TrieNode, trieNode } from "../../artifact/trie.ts";
import type { PatternDraft, ServiceDraft } from "../resolve/service.ts";

/** A service whose pattern could be read. */
export type Route = ServiceDraft & { pattern: PatternDraft };

/** A trie and its priority; tries are in the order in which they are tried. */
export interface Level {
  priority: number;
  root: TrieNode;
}

export class HostRoutes {
  readonly domain: string;
  readonly routes: readonly Route[];
  readonly levels: readonly Level[];
  readonly #terminals = new Map<readonly number[], Terminal>();

  constructor(domain: string, routes: readonly Route[]) {
    this.domain = domain;
    this.routes = routes;
    const roots = new Map<number, TrieNode>();
    routes.forEach(({ priority, pattern }, index) => {
      let root = roots.get(priority);
      if (root === undefined) roots.set(priority, (root = trieNode()));
      insert(root, pattern.parsed, index);
    });
    this.levels = [...roots]
      .map(([priority, root]) => ({ priority, root }))
      .toSorted((a, b) => b.priority - a.priority);
  }

  /** The terminals that several routes share. */
  *sharedTerminals(): Generator<Terminal> {
    const nodes = this.levels.map(({ root }) => root);
    for (const { exact, rest, literals, parameter } of nodes) {
      if (exact.length > 1) yield this.terminal(exact);
      if (rest.length > 1) yield this.terminal(rest);
      if (literals !== undefined) nodes.push(...literals.values());
      if (parameter !== undefined) nodes.push(parameter);
    }
  }

  /** The routes that end at one place, by the list that the trie has of them. */
  terminal(indices: readonly number[]): Terminal {
    let terminal = this.#terminals.get(indices);
    if (terminal === undefined) {
      terminal = new Terminal(indices.map((index) => this.routes[index]!));
      this.#terminals.set(indices, terminal);
    }
    return terminal;
  }
}

/** Routes of one host, priority and pattern. */
export class Terminal {
  /** The most specific first; those of equal rank in the order of the files. */
  readonly routes: readonly Route[];
  #order: Map<Route, number> | undefined;
  #byExact: Map<string, Map<string, Route[]>> | undefined;

  constructor(routes: readonly Route[]) {
    this.routes = routes.length === 1 ? routes : routes.toSorted(compareSpecificity);
  }

  /** True where `a` stands before `b`. */
  isBefore(a: Route, b: Route): boolean {
    this.#order ??= new Map(this.routes.map((route, index) => [route, index]));
    return this.#order.get(a)! < this.#order.get(b)!;
  }

  /**
   * The routes that may take a request of `route`: those that ask one of its `exact` fields for another
   * value are left out unseen, so that a thousand of them cost no more than one.
   */
  mayMeet(route: Route): readonly Route[] {
    if (this.routes.length < 8) return this.routes;
    const exact = route.predicates.find(({ kind }) => kind === "exact");
    if (exact === undefined) return this.routes;
    const name = `${exact.subject} ${exact.name}`;
    const byValue = this.#exactValues(name);
    return [...(byValue.get(`=${exact.value}`) ?? []), ...(byValue.get("") ?? [])];
  }

  /** Routes by the value they ask a field for; under "" those that do not ask for one. */
  #exactValues(name: string): Map<string, Route[]> {
    this.#byExact ??= new Map();
    let byValue = this.#byExact.get(name);
    if (byValue !== undefined) return byValue;
    byValue = new Map();
    for (const route of this.routes) {
      const exact = route.predicates.find(
        (one) => one.kind === "exact" && `${one.subject} ${one.name}` === name,
      );
      const key = exact === undefined ? "" : `=${exact.value}`;
      const list = byValue.get(key);
      if (list === undefined) byValue.set(key, [route]);
      else list.push(route);
    }
    this.#byExact.set(name, byValue);
    return byValue;
  }
}
