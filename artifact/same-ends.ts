/** Same ends: how many things two lists have in common at their beginning, and how many at the end of the rest. */
export interface SameEnds {
  first: number;
  last: number;
}

/**
 * Compares two lists from both ends, thing by thing, by identity. What is between the ends is
 * `list.slice(first, list.length - last)`.
 */
export function sameEnds<T>(before: readonly T[], after: readonly T[]): SameEnds {
  const shorter = Math.min(before.length, after.length);
  let first = 0;
  while (first < shorter && before[first] === after[first]) first++;
  let last = 0;
  const [were, are] = [before.length - 1, after.length - 1];
  while (last < shorter - first && before[were - last] === after[are - last]) last++;
  return { first, last };
}

/** Of two lists what is not the same at their ends. */
export function middles<T>(before: readonly T[], after: readonly T[]): [were: T[], are: T[]] {
  const { first, last } = sameEnds(before, after);
  return [before.slice(first, before.length - last), after.slice(first, after.length - last)];
}
