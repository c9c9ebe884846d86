/**
 * Least latency (`ewma`): of two backends drawn by weight, the one that is expected to answer sooner:
 * peak EWMA of its latency times the requests in flight, the one to come among them, for its weight.
 */
import { expectedLatency } from "../state/latency.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import { draw, drawOther } from "./draw.ts";
import type { Tier } from "./tier.ts";

export class LeastLatency implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier): number {
    const { members, weights } = tier;
    const one = draw(tier, this.#context.random());
    if (members.length === 1) return one;
    const other = drawOther(tier, one, this.#context.random());
    const now = this.#context.now();
    const slot = members[one]!.slot;
    const otherSlot = members[other]!.slot;
    const latency = expectedLatency(slot, now);
    const otherLatency = expectedLatency(otherSlot, now);
    // One that nothing is known of is taken to be like the other.
    const expected = (latency || otherLatency || 1) * (slot.inFlight + 1) * weights[other]!;
    const otherExpected = (otherLatency || latency || 1) * (otherSlot.inFlight + 1) * weights[one]!;
    return otherExpected < expected ? other : one;
  }
}
