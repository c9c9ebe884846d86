/**
 * The first of each file: what is true of thousands of lines is said once a file.
 */
import type { Span } from "../source-text.ts";

/** Thousands of files would hide everything else, too. */
const FILES_MAX = 20;

/**
 * Of what was found, the first in each file, with the number of the others that it stands for.
 *
 * @param found in any order
 */
export function firstOfFiles<T extends { at: Span }>(
  found: readonly T[],
): (T & { more: number })[] {
  const byFile = new Map<string, T & { more: number }>();
  for (const one of found.toSorted((a, b) => compare(a.at, b.at))) {
    const first = byFile.get(one.at.source.path);
    if (first === undefined) byFile.set(one.at.source.path, { ...one, more: 0 });
    else first.more++;
  }
  const all = [...byFile.values()];
  const shown = all.slice(0, FILES_MAX);
  const last = shown.at(-1);
  for (const { more } of all.slice(FILES_MAX)) last!.more += 1 + more;
  return shown;
}

function compare(a: Span, b: Span): number {
  const [p, q] = [a.source.path, b.source.path];
  return p === q ? a.start - b.start : p < q ? -1 : 1;
}
