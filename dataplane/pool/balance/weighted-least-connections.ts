/**
 * Weighted least connections: the backend with the fewest requests in flight for its weight, from all
 * workers; among equals, each as often as its weight says.
 */
import { apportion } from "./apportion.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import type { Tier } from "./tier.ts";

/** Requests in flight of each member, in the last choice of the thread. */
const inFlight: number[] = [];
/** The equals of that choice, and their weights. */
const equals: number[] = [];
const equalWeights: number[] = [];

export class WeightedLeastConnections implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    const { members, weights } = tier;
    let best = 0;
    let equalCount = 0;
    let isIdle = true;
    for (let i = 0; i < members.length; i++) {
      const count = (inFlight[i] = members[i]!.slot.inFlight);
      if (count > 0) isIdle = false;
      // Requests ÷ weight, compared without dividing.
      const difference = count * weights[best]! - inFlight[best]! * weights[i]!;
      if (difference > 0) continue;
      if (difference < 0) {
        best = i;
        equalCount = 0;
      }
      equalCount++;
    }
    if (equalCount === 1) return best;
    const turn = this.#context.turn();
    if (!isIdle) return this.#among(weights, best, turn);
    return tier.isEven ? turn % members.length : apportion(weights, tier.weightSum, turn);
  }

  /** Whose turn it is among those that are as well off as `best`. */
  #among(weights: readonly number[], best: number, turn: number): number {
    let count = 0;
    let sum = 0;
    for (let i = best; i < weights.length; i++) {
      if (inFlight[i]! * weights[best]! !== inFlight[best]! * weights[i]!) continue;
      equals[count] = i;
      equalWeights[count++] = weights[i]!;
      sum += weights[i]!;
    }
    equalWeights.length = count;
    return equals[apportion(equalWeights, sum, turn)]!;
  }
}
