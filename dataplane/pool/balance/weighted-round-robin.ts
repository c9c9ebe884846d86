/**
 * Smooth weighted round robin: over a full round each backend is picked exactly as often as its weight
 * says, by all workers together, and the heavy ones are spread over it.
 */
import { apportion } from "./apportion.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import type { Tier } from "./tier.ts";

export class WeightedRoundRobin implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    const turn = this.#context.turn();
    if (tier.isEven) return turn % tier.members.length;
    return apportion(tier.weights, tier.weightSum, turn);
  }
}
