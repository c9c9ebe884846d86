/**
 * Pool slot: one thread's hand on what all threads know of a pool: whose turn it is, and who waits.
 */
import { FIRST_WAITING, IN_FLIGHT, LINE, OWN, SEEN, TURN } from "./layout.ts";
import type { PoolMemory } from "./pool-memory.ts";
import { wordElapsed, wordTime } from "./word-time.ts";

export class PoolSlot {
  readonly slot: number;
  readonly memory: PoolMemory;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #at: number;

  /** @param slot held by this thread */
  constructor(memory: PoolMemory, slot: number) {
    this.slot = slot;
    this.memory = memory;
    this.#cells = memory.cellsOf(slot);
    this.#at = memory.slotAt(slot);
  }

  /** The number of this pick among those of all workers, 31 bits; each is given once. */
  turn(): number {
    return Atomics.add(this.#cells, this.#at + TURN, 1) & 0x7fffffff;
  }

  /** Some worker has had the pool, with all the backends that it began with. */
  get isStarted(): boolean {
    return Atomics.load(this.#cells, this.#at + SEEN) === 1;
  }

  start(): void {
    Atomics.store(this.#cells, this.#at + SEEN, 1);
  }

  /** A request of this worker begins to wait; false where `max` wait already. */
  enqueue(max: number): boolean {
    const own = this.#at + OWN + this.memory.thread * LINE + IN_FLIGHT;
    // Counted first and judged then: there are never more.
    Atomics.add(this.#cells, own, 1);
    if (this.waiting <= max) return true;
    Atomics.sub(this.#cells, own, 1);
    return false;
  }

  /** It waits no more. */
  dequeue(): void {
    Atomics.sub(this.#cells, this.#at + OWN + this.memory.thread * LINE + IN_FLIGHT, 1);
  }

  /** Requests that wait, of all workers. */
  get waiting(): number {
    let sum = 0;
    for (let own = this.#at + OWN; own < this.#at + OWN + this.memory.workers * LINE; own += LINE) {
      sum += Atomics.load(this.#cells, own + IN_FLIGHT);
    }
    return sum;
  }

  /** Since when this worker's first waiting request has waited; undefined where none does. */
  set firstWaitsSince(since: number | undefined) {
    const word = since === undefined ? NOBODY : (wordTime(since) << 1) | SOMEBODY;
    Atomics.store(this.#cells, this.#at + OWN + this.memory.thread * LINE + FIRST_WAITING, word);
  }

  /** Whether in another worker a request has waited since before `since`. */
  isBehindOthers(since: number): boolean {
    for (let own = this.#at + OWN; own < this.#at + OWN + this.memory.workers * LINE; own += LINE) {
      if (own === this.#at + OWN + this.memory.thread * LINE) continue;
      const word = Atomics.load(this.#cells, own + FIRST_WAITING);
      if (word !== NOBODY && wordElapsed(word >>> 1, since) > 0) return true;
    }
    return false;
  }
}

const NOBODY = 0;
const SOMEBODY = 1;
