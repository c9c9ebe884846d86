/**
 * IP hash: a client's address always leads to the same backend; as consistent hash, without a bound.
 */
import type { Balancer, BalancerContext } from "./balancer.ts";
import { choose } from "./consistent-hash.ts";
import type { Tier } from "./tier.ts";

export class IpHash implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier, hash: number): number {
    return choose(this.#context, tier, hash, 0);
  }
}
