/** Did you mean: the known word that a mistyped or shortened one stands for. */
import { nearest } from "../compiler/nearest.ts";

export function near(word: string, known: readonly string[]): string | undefined {
  const begun = word.length < 2 ? [] : known.filter((candidate) => candidate.startsWith(word));
  return begun.length === 1 ? begun[0] : nearest(word, known);
}
