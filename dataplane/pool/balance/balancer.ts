/**
 * Balancer: what every strategy of choosing a backend does.
 */
import type { Tier } from "./tier.ts";

/** A strategy. What it has to remember lies in shared memory, so that it holds for all workers together. */
export interface Balancer {
  /**
   * The position of the next one among the members, of which there is at least one.
   *
   * @param hash of what the request is brought to the same backend by; 0 where the strategy does without
   */
  choose(tier: Tier, hash: number): number;
}

/** What strategies choose by, besides the members. */
export interface BalancerContext {
  /** The number of this pick among those of all workers, 31 bits; each is given once. */
  turn(): number;
  /** At least 0, less than 1. */
  random(): number;
  /** Milliseconds. */
  now(): number;
  /** Maglev table of positions among the written backends; see artifact/maglev.ts. */
  readonly table: ArrayLike<number>;
  /** For each written backend, where its endpoints begin among the pool's backends; one more at the end. */
  readonly endpointsAt: readonly number[];
  /** Consistent hashing: percent of its share that a backend may have; 0 is no bound. */
  readonly boundedLoadPercent: number;
}
