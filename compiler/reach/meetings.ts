/**
 * Meetings: the terminals of a trie that have a path in common with a pattern, each with such a path.
 */
import type { Pattern } from "../../artifact/pattern.ts";
import type { TrieNode } from "../../artifact/trie.ts";

export interface Meeting {
  /** The list of routes that the trie has at the terminal. */
  indices: readonly number[];
  segments: string[];
}

/** `fresh` stands where both sides take any segment. */
export function* meetings(root: TrieNode, pattern: Pattern, fresh: string): Generator<Meeting> {
  yield* meet(root, pattern, 0, [], fresh);
}

function* meet(
  node: TrieNode,
  pattern: Pattern,
  at: number,
  path: string[],
  fresh: string,
): Generator<Meeting> {
  const { segments, rest } = pattern;
  const step = segments[at];
  if (at >= segments.length && (rest || at === segments.length)) {
    if (node.exact.length > 0) yield { indices: node.exact, segments: path };
  }
  if (node.rest.length > 0) {
    // What the pattern still asks for lies under the trie's `*`.
    const more = segments.slice(at).map(({ kind, text }) => (kind === "literal" ? text : fresh));
    yield { indices: node.rest, segments: [...path, ...more] };
  }
  if (step === undefined && !rest) return;
  if (node.literals !== undefined) {
    if (step?.kind === "literal") {
      const child = node.literals.get(step.text);
      if (child !== undefined) yield* meet(child, pattern, at + 1, [...path, step.text], fresh);
    } else {
      for (const [text, child] of node.literals) {
        yield* meet(child, pattern, at + 1, [...path, text], fresh);
      }
    }
  }
  if (node.parameter !== undefined) {
    const text = step?.kind === "literal" ? step.text : fresh;
    yield* meet(node.parameter, pattern, at + 1, [...path, text], fresh);
  }
}
