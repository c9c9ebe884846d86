/**
 * Give-back: what a worker keeps of a route that nobody has asked for some time goes, as if it had never
 * been asked: its pool, and with the pool its hold on memory that all workers share. The next request makes
 * both anew. A few are looked at at a time, so that no request waits for it, and no route has a timer.
 */
import type { Generation } from "./generation.ts";
import type { Forgetting, PoolRegistry } from "./pool/pool-registry.ts";
import { releaseMemory } from "./retired-artifacts.ts";

/** What was not asked for so long goes, at the latest when two rounds have been made since. */
const UNUSED_MS = 60_000;
/** So many pools stay all the same: they take little, and names of their backends stay known. */
const POOLS_KEPT = 1_000;
/** Pools, then routes, that are looked at in one go: half a millisecond where all of them go. And between two of them. */
const LOOKS = 250;
const PAUSE_MS = 25;
/**
 * So many pools, of about two KiB each, are worth giving their memory back to the system, which V8 does not
 * by itself. It takes some tenths of a second, so that it waits for a round in which the worker had little to do: one that has
 * much to do uses the memory again.
 */
const RELEASED_MIN = 10_000;
const CALM_UTILIZATION = 0.05;

/** What is asked of the thread that gives back. */
interface Thread {
  /** How much of the time since the last call it was busy, 0 to 1. */
  utilization(): number;
  release(): void;
}

export class GiveBack {
  readonly #pools: PoolRegistry;
  readonly #generation: () => Generation;
  readonly #thread: Thread;
  readonly #forgetting: Forgetting;
  #hasPools = true;
  /** Since memory was released last. */
  #forgotten = 0;

  /** @param generation the one that serves */
  constructor(
    pools: PoolRegistry,
    generation: () => Generation,
    poolsKept: number = POOLS_KEPT,
    thread: Thread = THIS_THREAD,
  ) {
    this.#pools = pools;
    this.#generation = generation;
    this.#thread = thread;
    this.#forgetting = {
      keptMin: poolsKept,
      isHeld: (pool) => this.#generation().streamPools.has(pool),
      onForgotten: () => this.#forgotten++,
    };
  }

  /** Looks as long as the thread lives. */
  start(): void {
    this.#wait(UNUSED_MS);
  }

  /**
   * Looks at the next few.
   *
   * @returns true where a round is over: what was not used in it, and is not until the next one, goes then
   */
  step(): boolean {
    if (this.#hasPools) {
      if (this.#pools.forgetUnused(LOOKS, this.#forgetting)) this.#hasPools = false;
      return false;
    }
    if (!this.#generation().forgetRoutes(LOOKS)) return false;
    this.#hasPools = true;
    const isCalm = this.#thread.utilization() < CALM_UTILIZATION;
    if (isCalm && this.#forgotten >= RELEASED_MIN) {
      this.#forgotten = 0;
      this.#thread.release();
    }
    return true;
  }

  #wait(ms: number): void {
    setTimeout(() => this.#wait(this.step() ? UNUSED_MS : PAUSE_MS), ms).unref();
  }
}

let before = performance.eventLoopUtilization();
const THIS_THREAD: Thread = {
  utilization: () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  },
  release: releaseMemory,
};
