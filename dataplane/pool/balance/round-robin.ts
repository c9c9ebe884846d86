/**
 * Round robin: one after the other, for all workers together.
 */
import { apportion } from "./apportion.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import type { Tier } from "./tier.ts";

export class RoundRobin implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    const turn = this.#context.turn();
    if (tier.isRamping) return apportion(tier.ramps, tier.rampSum, turn);
    return turn % tier.members.length;
  }
}
