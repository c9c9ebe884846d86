/**
 * Apportion: turns dealt out in proportion to weights, as evenly as can be. Turn number n is the nth of
 * the moments (k + ½) ÷ weight of all members in order of time, so that over `sum` turns each has exactly
 * as many as its weight, and the heavy ones are spread over them. It needs no memory: whichever worker
 * has a turn computes whose it is.
 */

const counts: number[] = [];

/**
 * Whose turn it is.
 *
 * @param weights whole numbers; the product of any and `sum` is below 2⁵¹
 * @param turn any number; it counts modulo `sum`
 */
export function apportion(weights: readonly number[], sum: number, turn: number): number {
  const wanted = turn % sum;
  let dealt = 0;
  for (let i = 0; i < weights.length; i++) {
    const count = Math.floor((2 * wanted * weights[i]! + sum) / (2 * sum));
    counts[i] = count;
    dealt += count;
  }
  // All moments up to wanted ÷ sum are dealt: about as many as wanted. Those too many are taken back.
  while (dealt > wanted) {
    let last = -1;
    for (let i = 0; i < weights.length; i++) {
      if (counts[i] === 0) continue;
      const isLater =
        last === -1 ||
        (2 * counts[i]! - 1) * weights[last]! >= (2 * counts[last]! - 1) * weights[i]!;
      if (isLater) last = i;
    }
    counts[last]!--;
    dealt--;
  }
  for (;;) {
    let first = 0;
    for (let i = 1; i < weights.length; i++) {
      if ((2 * counts[i]! + 1) * weights[first]! < (2 * counts[first]! + 1) * weights[i]!)
        first = i;
    }
    if (dealt === wanted) return first;
    counts[first]!++;
    dealt++;
  }
}
