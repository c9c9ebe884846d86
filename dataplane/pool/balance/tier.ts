/**
 * Tier: backends among which a balancer chooses. All of them may be used as far as was known when the
 * tier was made; each that turns out not to be is taken out and another one is chosen.
 */
import type { Backend } from "../backend.ts";

/** A backend that is neither new nor just back has all of these parts of its share. */
export const RAMP_FULL = 20;

export class Tier {
  members: Backend[] = [];
  /** Shares by weight and slow start, whole numbers. */
  weights: number[] = [];
  /** Shares by slow start alone, 1 to RAMP_FULL. */
  ramps: number[] = [];
  /** Position of each backend of the pool, by its index; -1 where it is not among them. */
  positions: number[] = [];
  weightSum = 0;
  rampSum = 0;
  /** All weights are the same. */
  isEven = true;
  /** Some member's share is still growing. */
  isRamping = false;
  /** No member has a limit of its own, and every breaker is closed. */
  isPlain = true;

  /** Empties it, for a pool of so many backends. */
  clear(backends: number): void {
    empty(this.members);
    empty(this.weights);
    empty(this.ramps);
    empty(this.positions);
    for (let i = 0; i < backends; i++) this.positions.push(-1);
    this.weightSum = this.rampSum = 0;
    this.isEven = this.isPlain = true;
    this.isRamping = false;
  }

  /** Appends a backend whose share has grown to `ramp`. */
  add(backend: Backend, ramp: number, isPlain: boolean): void {
    this.#append(backend, backend.weight * ramp, ramp);
    if (!isPlain) this.isPlain = false;
  }

  /** Makes the weights as small as they can be without changing their proportions. */
  reduce(): void {
    const { weights } = this;
    if (weights.length === 0) return;
    let common = 0;
    let largest = 0;
    for (const weight of weights) {
      common = gcd(common, weight);
      largest = Math.max(largest, weight);
    }
    // The product of a weight and the sum has to be exact; where proportions are that fine, so is the rest.
    const sum = this.weightSum / common;
    const scale = Math.max(1, Math.sqrt(((largest / common) * sum) / PRODUCT_MAX));
    this.weightSum = 0;
    for (let i = 0; i < weights.length; i++) {
      weights[i] = Math.max(1, Math.round(weights[i]! / common / scale));
      this.weightSum += weights[i]!;
    }
  }

  /** Becomes what `other` is less the members that `without` holds. */
  copy(other: Tier, without: readonly Backend[]): void {
    this.clear(other.positions.length);
    for (let i = 0; i < other.members.length; i++) {
      const backend = other.members[i]!;
      if (!without.includes(backend)) this.#append(backend, other.weights[i]!, other.ramps[i]!);
    }
    this.isPlain = other.isPlain;
  }

  /**
   * The same in as little memory as it takes, to be looked at only: what nearly all tiers agree in they share.
   *
   * @param backends the pool's: they are the members where all of them are
   */
  kept(backends: Backend[]): Tier {
    const tier = new Tier();
    const count = backends.length;
    const { members, positions } = this;
    // Members keep the order that their pool has them in, so as many are the same ones.
    const isWhole = members.length === count && positions.every((at, index) => at === index);
    tier.members = isWhole ? backends : members.slice();
    tier.positions = isWhole ? upTo(count) : positions.slice();
    tier.weights =
      this.isEven && this.weights[0] === 1 ? same(1, members.length) : this.weights.slice();
    tier.ramps = this.isRamping ? this.ramps.slice() : same(RAMP_FULL, members.length);
    tier.weightSum = this.weightSum;
    tier.rampSum = this.rampSum;
    tier.isEven = this.isEven;
    tier.isRamping = this.isRamping;
    tier.isPlain = this.isPlain;
    return tier;
  }

  #append(backend: Backend, weight: number, ramp: number): void {
    this.positions[backend.index] = this.members.length;
    this.members.push(backend);
    this.weights.push(weight);
    this.ramps.push(ramp);
    this.weightSum += weight;
    this.rampSum += ramp;
    if (weight !== this.weights[0]) this.isEven = false;
    if (ramp !== RAMP_FULL) this.isRamping = true;
  }
}

/** Sets its length to zero; the setter of `length` is a call out of compiled code. */
export function empty(array: unknown[]): void {
  while (array.length > 0) array.pop();
}

/** 0, 1, 2 …: `count` numbers that are shared and never written. */
export function upTo(count: number): number[] {
  return (NUMBERS[count] ??= Array.from({ length: count }, (_, index) => index));
}

/** So many times `value`; shared and never written. */
function same(value: number, count: number): number[] {
  const known = (SAME[value] ??= []);
  return (known[count] ??= Array.from({ length: count }, () => value));
}

const NUMBERS: number[][] = [];
const SAME: number[][][] = [];

const PRODUCT_MAX = 2 ** 50;

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
