/**
 * Least connections: the backend with the fewest requests in flight from all workers; among equals, one
 * after the other.
 */
import type { Balancer, BalancerContext } from "./balancer.ts";
import { RAMP_FULL, type Tier } from "./tier.ts";

/** Of each member, in the last choice of the thread. */
const loads: number[] = [];

export class LeastConnections implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose({ members, ramps, isRamping }: Tier): number {
    let least = Infinity;
    let first = 0;
    let equals = 0;
    for (let i = 0; i < members.length; i++) {
      const inFlight = members[i]!.slot.inFlight;
      // One whose share is growing counts its requests several times; the one to come is of them.
      const load = isRamping ? ((inFlight + 1) * RAMP_FULL) / ramps[i]! : inFlight;
      loads[i] = load;
      if (load > least) continue;
      if (load < least) {
        least = load;
        first = i;
        equals = 0;
      }
      equals++;
    }
    if (equals === 1) return first;
    let left = this.#context.turn() % equals;
    for (let i = first; ; i++) if (loads[i] === least && left-- === 0) return i;
  }
}
