/**
 * The routes of each host in the order in which the matcher tries them: for people and programs that
 * read an artifact, not for requests. One pass over all nodes, however many hosts there are.
 */
import { HAS_PARAMETER, NONE } from "./layout.ts";
import { RowReader, type View } from "./view.ts";

/**
 * For each row of `hosts` the rows of `routes`, in order of precedence: by priority, then exact
 * before what stands below it, literals before the parameter, `*` last.
 */
export function routesByHost(view: View): number[][] {
  const nodes = new RowReader(view, "nodes");
  const candidates = new RowReader(view, "candidates");
  const hosts = new RowReader(view, "hosts");
  const levels = new RowReader(view, "levels");
  const children = childLists(nodes);

  const collect = (first: number, into: number[]) => {
    for (let row = first; row !== NONE;) {
      into.push(candidates.number(row, "route"));
      row = candidates.number(row, "more") === 1 ? row + 1 : NONE;
    }
  };
  // No deeper than a pattern has segments.
  const walk = (node: number, into: number[]) => {
    collect(nodes.number(node, "exact"), into);
    const parameter = (nodes.number(node, "children") & HAS_PARAMETER) === 0 ? NONE : node + 1;
    for (let child = children.first[node]!; child !== NONE; child = children.next[child]!) {
      if (child !== parameter) walk(child, into);
    }
    if (parameter !== NONE) walk(parameter, into);
    collect(nodes.number(node, "rest"), into);
  };

  return Array.from({ length: hosts.count }, (_, host) => {
    const routes: number[] = [];
    walk(hosts.number(host, "root"), routes);
    for (let row = hosts.number(host, "lower"); row !== NONE;) {
      walk(levels.number(row, "root"), routes);
      row = levels.number(row, "more") === 1 ? row + 1 : NONE;
    }
    return routes;
  });
}

/** The first child of each node, and the next one of the same parent, in order of their rows. */
function childLists(nodes: RowReader<"nodes">): { first: Uint32Array; next: Uint32Array } {
  const first = new Uint32Array(nodes.count).fill(NONE);
  const next = new Uint32Array(nodes.count).fill(NONE);
  for (let row = nodes.count - 1; row >= 0; row--) {
    const parent = nodes.number(row, "parent");
    if (parent === NONE) continue;
    next[row] = first[parent]!;
    first[parent] = row;
  }
  return { first, next };
}
