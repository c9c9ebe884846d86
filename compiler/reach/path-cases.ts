/**
 * Path cases: the paths that are worth asking about for a route, and who may take them first.
 *
 * A parameter stands for every segment; one that no pattern writes out (a fresh one) is met by the
 * fewest routes, so if any path of a pattern gets through, the one with fresh segments does. What is
 * left to try for a `*` is how many fresh segments stand in its place, until more of them change
 * nothing.
 */
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import type { TrieNode } from "../../artifact/trie.ts";
import type { HostRoutes, Route } from "./host-routes.ts";

export interface PathCase {
  /** Fresh segments in the place of `*`. */
  tail: number;
  /** Routes that are asked before this one for such a path, in no order. */
  before: Route[];
}

/** The cases of a route of a host. */
export function* pathCases(host: HostRoutes, route: Route): Generator<PathCase> {
  const { segments, rest } = route.pattern.parsed;
  const level = host.levels.findIndex(({ priority }) => priority === route.priority);
  const node = nodeOf(host.levels[level]!.root, route);
  const narrower = moreSpecific(host, rest ? node.rest : node.exact, route);
  // Of the same priority only what goes on below a `*` comes first: other literals are not met.
  if (level === 0 && (!rest || (node.parameter === undefined && node.exact.length === 0))) {
    yield { tail: 0, before: narrower };
    return;
  }
  const higher = host.levels.slice(0, level).map(({ root }) => new Walk(root));
  for (const walk of higher) {
    for (const { kind, text } of segments) walk.step(kind === "literal" ? text : undefined);
  }
  const meet = (indices: readonly number[]): readonly Route[] =>
    indices.length === 0 ? [] : host.terminal(indices).mayMeet(route);
  const below: Route[] = [];
  let chain: TrieNode | undefined = node;
  for (let tail = 0; ; tail++) {
    const before = [...narrower, ...below, ...higher.flatMap((walk) => walk.ends().flatMap(meet))];
    if (!rest) {
      yield { tail, before };
      return;
    }
    if (chain !== undefined) before.push(...meet(chain.exact));
    yield { tail, before };
    if (chain === undefined && higher.every((walk) => walk.isOver)) return;
    chain = chain?.parameter;
    if (chain !== undefined) below.push(...meet(chain.rest));
    for (const walk of higher) walk.step(undefined);
  }
}

/** The routes of a list that are asked before `route` because they ask for more. */
function moreSpecific(host: HostRoutes, indices: readonly number[], route: Route): Route[] {
  if (indices.length === 1) return [];
  const others = host.terminal(indices).mayMeet(route);
  return others.filter((other) => compareSpecificity(other, route) < 0);
}

/** Where a route's pattern ends. */
function nodeOf(root: TrieNode, { pattern }: Route): TrieNode {
  let node = root;
  for (const { kind, text } of pattern.parsed.segments) {
    node = kind === "parameter" ? node.parameter! : node.literals!.get(text)!;
  }
  return node;
}

/** All ways of one path through a trie at once. */
class Walk {
  #nodes: TrieNode[];
  /** The lists of routes whose `*` the path has come by. */
  readonly #rests: (readonly number[])[] = [];

  constructor(root: TrieNode) {
    this.#nodes = [root];
    this.#rests.push(root.rest);
  }

  /** Goes on by a segment; undefined is a fresh one. */
  step(segment: string | undefined): void {
    const next: TrieNode[] = [];
    for (const { literals, parameter } of this.#nodes) {
      const child = segment === undefined ? undefined : literals?.get(segment);
      if (child !== undefined) next.push(child);
      if (parameter !== undefined) next.push(parameter);
    }
    for (const { rest } of next) this.#rests.push(rest);
    this.#nodes = next;
  }

  /** The lists of all routes that a path meets that ends here. */
  ends(): (readonly number[])[] {
    return [...this.#rests, ...this.#nodes.map(({ exact }) => exact)];
  }

  get isOver(): boolean {
    return this.#nodes.length === 0;
  }
}
