/**
 * Tier: backends among which a balancer chooses. All of them may be used as far as was known when the
 * tier was made; each that turns out not to be is taken out and another one is chosen.
 */
import type { Backend } from "../backend.ts";

/** A backend that is neither new nor just back has all of these parts of its share. */
export const RAMP_FULL = 20;

export class Tier {
  readonly members: Backend[] = [];
  /** Shares by weight and slow start, whole numbers. */
  readonly weights: number[] = [];
  /** Shares by slow start alone, 1 to RAMP_FULL. */
  readonly ramps: number[] = [];
  /** Position of each backend of the pool, by its index; -1 where it is not among them. */
  readonly positions: number[] = [];
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

const PRODUCT_MAX = 2 ** 50;

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
