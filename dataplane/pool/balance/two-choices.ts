/**
 * Power of two choices: of two backends drawn by weight, the one with fewer requests in flight for its
 * weight. Nearly as good as looking at all of them, and workers do not all run to the same one.
 */
import type { Balancer, BalancerContext } from "./balancer.ts";
import { draw, drawOther } from "./draw.ts";
import type { Tier } from "./tier.ts";

export class TwoChoices implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    const { members, weights } = tier;
    const one = draw(tier, this.#context.random());
    if (members.length === 1) return one;
    const other = drawOther(tier, one, this.#context.random());
    const load = members[one]!.slot.inFlight * weights[other]!;
    return members[other]!.slot.inFlight * weights[one]! < load ? other : one;
  }
}
