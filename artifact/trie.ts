/**
 * Path tries as the encoder builds them: one a host and priority, then one list of rows for all of them.
 */
import type { Pattern } from "./pattern.ts";

/** A node before it has a row. Children are sorted when rows are given out, not before. */
export interface TrieNode {
  /** Undefined where there is none: most nodes are leaves. */
  literals: Map<string, TrieNode> | undefined;
  parameter: TrieNode | undefined;
  /** Routes that end here, and routes whose `*` stands below here; services by index. */
  exact: readonly number[];
  rest: readonly number[];
}

/** A node and the rows around it: what one row of the `nodes` section says. */
export interface NodeRow {
  node: TrieNode;
  parent: number | undefined;
  label: string;
}

/** An empty node. */
export function trieNode(): TrieNode {
  return { literals: undefined, parameter: undefined, exact: NONE, rest: NONE };
}

/** Most nodes have none of one kind, or of both. */
const NONE: readonly number[] = [];

/** Puts a service's pattern below `root`. */
export function insert(root: TrieNode, pattern: Pattern, service: number): void {
  let node = root;
  for (const segment of pattern.segments) {
    if (segment.kind === "parameter") {
      node = node.parameter ??= trieNode();
      continue;
    }
    node.literals ??= new Map();
    let child = node.literals.get(segment.text);
    if (child === undefined) {
      child = trieNode();
      node.literals.set(segment.text, child);
    }
    node = child;
  }
  if (pattern.rest) node.rest = added(node.rest, service);
  else node.exact = added(node.exact, service);
}

/** A list with one more; only lists that are more than none are changed. */
function added(list: readonly number[], service: number): readonly number[] {
  if (list === NONE) return [service];
  (list as number[]).push(service);
  return list;
}

/**
 * Appends the rows of a trie, and returns its root's row: each node before what is below it, first the
 * parameter, then the literals in code-unit order. So a parameter's row is the one behind its parent's.
 *
 * @param base the row of what is first in `rows`
 */
export function layOut(root: TrieNode, rows: NodeRow[], base: number): number {
  return append({ node: root, parent: undefined, label: "" }, rows, base);
}

/** No deeper than a pattern has segments. */
function append(row: NodeRow, rows: NodeRow[], base: number): number {
  const parent = base + rows.push(row) - 1;
  const { literals, parameter } = row.node;
  if (parameter !== undefined) append({ node: parameter, parent, label: "" }, rows, base);
  if (literals === undefined) return parent;
  for (const label of [...literals.keys()].toSorted()) {
    append({ node: literals.get(label)!, parent, label }, rows, base);
  }
  return parent;
}
