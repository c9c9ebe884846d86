/**
 * Consistent hash: a key is always brought to the same backend, by the table that the compiler has made;
 * where that one cannot be used, to the next of the key's choices. With a bound, a backend that has more
 * than so many times its share of the requests in flight is passed over.
 */
import { finish } from "../../../artifact/hash.ts";
import { lookUp } from "../../../artifact/maglev.ts";
import type { Balancer, BalancerContext } from "./balancer.ts";
import { draw } from "./draw.ts";
import { RAMP_FULL, type Tier } from "./tier.ts";

/** Choices of a key that are looked at; they may repeat. */
const CHOICES_MAX = 64;

export class ConsistentHash implements Balancer {
  readonly #context: BalancerContext;

  constructor(context: BalancerContext) {
    this.#context = context;
  }

  choose(tier: Tier, hash: number): number {
    return choose(this.#context, tier, hash, this.#context.boundedLoadPercent);
  }
}

/** The key's first choice that is a member and within the bound; 0 is no bound. */
export function choose(
  { table, endpointsAt }: BalancerContext,
  tier: Tier,
  hash: number,
  boundPercent: number,
): number {
  const { members, positions } = tier;
  if (members.length === 1) return 0;
  const total = boundPercent === 0 ? 0 : inFlightOf(tier);
  for (let nth = 0; nth < CHOICES_MAX && table.length > 0; nth++) {
    const written = lookUp(table, hash, nth);
    const at = endpointsAt[written]!;
    const count = endpointsAt[written + 1]! - at;
    const first = count === 1 ? 0 : finish(hash, ENDPOINT) % count;
    for (let i = 0; i < count; i++) {
      const position = positions[at + ((first + i) % count)]!;
      if (position === -1 || !isReady(tier, position, hash)) continue;
      if (boundPercent === 0 || isWithin(tier, position, total, boundPercent)) return position;
    }
  }
  // All choices are out: any member, but always the same for the same key and members.
  return draw(tier, finish(hash, ANY) / 2 ** 32);
}

/** Seeds, so that what is drawn for one purpose says nothing of another. */
const ENDPOINT = 0x656e6470;
const ANY = 0x616e79;
const SLOW_START = 0x736c6f77;

/** Of a backend whose share is growing, only so many of its keys come to it. */
function isReady({ ramps, members }: Tier, position: number, hash: number): boolean {
  const ramp = ramps[position]!;
  if (ramp === RAMP_FULL) return true;
  return finish(hash, SLOW_START + members[position]!.index) % RAMP_FULL < ramp;
}

/** With the request to come it is not above so many percent of its share of all, rounded up. */
function isWithin(tier: Tier, position: number, total: number, percent: number): boolean {
  const share = ((total + 1) * tier.weights[position]!) / tier.weightSum;
  return tier.members[position]!.slot.inFlight < Math.ceil((share * percent) / 100);
}

function inFlightOf({ members }: Tier): number {
  let sum = 0;
  for (let i = 0; i < members.length; i++) sum += members[i]!.slot.inFlight;
  return sum;
}
