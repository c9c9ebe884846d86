/**
 * Random: any backend, each as often as its weight says.
 */
import type { Balancer, BalancerContext } from "./balancer.ts";
import { draw } from "./draw.ts";
import type { Tier } from "./tier.ts";

export class Random implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    return draw(tier, this.#context.random());
  }
}
