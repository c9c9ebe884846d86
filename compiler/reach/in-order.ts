/**
 * In order: the routes of a host whose pattern takes a path, as the matcher tries them. It says who is
 * asked before whom; what the answer is, conditions decide.
 */
import type { TrieNode } from "../../artifact/trie.ts";
import type { HostRoutes, Route } from "./host-routes.ts";

/** The routes for a path, given as its segments. */
export function* inOrder(host: HostRoutes, segments: readonly string[]): Generator<Route> {
  for (const { root } of host.levels) yield* walk(host, root, segments, 0);
}

/** No deeper than a pattern has segments. */
function* walk(
  host: HostRoutes,
  node: TrieNode,
  segments: readonly string[],
  at: number,
): Generator<Route> {
  if (at === segments.length) {
    if (node.exact.length > 0) yield* host.terminal(node.exact).routes;
  } else {
    const child = node.literals?.get(segments[at]!);
    if (child !== undefined) yield* walk(host, child, segments, at + 1);
    if (node.parameter !== undefined) yield* walk(host, node.parameter, segments, at + 1);
  }
  if (node.rest.length > 0) yield* host.terminal(node.rest).routes;
}
