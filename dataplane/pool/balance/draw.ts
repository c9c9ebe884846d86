/**
 * Draw: a member by chance, each as often as its weight says.
 */
import type { Tier } from "./tier.ts";

/** @param random at least 0, less than 1 */
export function draw({ members, weights, weightSum, isEven }: Tier, random: number): number {
  if (isEven) return Math.floor(random * members.length);
  return at(weights, random * weightSum, -1);
}

/** Another one than `first`; there are at least two members. */
export function drawOther(tier: Tier, first: number, random: number): number {
  const { members, weights, weightSum, isEven } = tier;
  if (isEven) {
    const other = Math.floor(random * (members.length - 1));
    return other < first ? other : other + 1;
  }
  return at(weights, random * (weightSum - weights[first]!), first);
}

/** The member whose part of the sum `point` falls into, where `skipped` has none. */
function at(weights: readonly number[], point: number, skipped: number): number {
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (i === skipped) continue;
    point -= weights[i]!;
    if (point < 0) return i;
    last = i;
  }
  return last;
}
