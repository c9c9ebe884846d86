/**
 * Did you mean: the known word nearest to an unknown one.
 */

/**
 * The candidate that takes the fewest edits, or undefined where none is near. Case and the
 * difference between `_`, `-` and nothing do not count (`pathPrefix` is `path_prefix`).
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = fold(word);
  // Typing mistakes grow with the word; a third of it wrong is another word.
  const allowed = Math.max(1, Math.floor(plain.length / 3));
  let best: string | undefined;
  let fewest = allowed + 1;
  for (const candidate of candidates) {
    const edits = distance(plain, fold(candidate), fewest);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best ?? candidates.find((candidate) => isBeginning(plain, fold(candidate)));
}

/** `warning` for `warn`, `err` for `error`. */
function isBeginning(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** Optimal string alignment distance (a swap of neighbours is one edit), or `limit` where it is no less. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, before[j - 2]! + 1);
      }
      row.push(edits);
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
