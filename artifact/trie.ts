/**
 * Path tries as the encoder builds them: one a host and priority, then one list of rows for all of them.
 */
import { type Pattern } from "./pattern.ts";

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
  parameter: number | undefined;
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
 * Appends the rows of a trie, breadth first with literals in code-unit order, and returns its
 * root's row. A child's row is always greater than its parent's.
 */
export function layOut(root: TrieNode, rows: NodeRow[]): number {
  const first = rows.length;
  const add = (node: TrieNode, parent: number | undefined, label: string) =>
    rows.push({ node, parent, label, parameter: undefined });
  add(root, undefined, "");
  for (let at = first; at < rows.length; at++) {
    const { literals, parameter } = rows[at]!.node;
    if (literals !== undefined) {
      for (const label of [...literals.keys()].toSorted()) add(literals.get(label)!, at, label);
    }
    if (parameter !== undefined) {
      rows[at]!.parameter = rows.length;
      add(parameter, at, "");
    }
  }
  return first;
}
