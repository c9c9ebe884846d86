/**
 * Backend slot: one thread's hand on what all threads know of a backend.
 */
import {
  DRAINING,
  EWMA,
  EWMA_AT,
  HEALTH,
  IN_FLIGHT,
  LINE,
  OWN,
  EJECTED_AT,
  EJECTED_UNTIL,
  SEEN,
  UP_SINCE,
} from "./layout.ts";
import type { PoolMemory } from "./pool-memory.ts";

// HEALTH: what probes say. A slot that no probe has spoken of is up.
const UNKNOWN = 0;
const UP = 1;
const DOWN = 2;

export class BackendSlot {
  readonly memory: PoolMemory;
  readonly slot: number;
  readonly cells: Int32Array<SharedArrayBuffer>;
  /** Where the slot begins, and this thread's line of it. */
  readonly at: number;
  readonly own: number;

  /** @param slot held by this thread */
  constructor(memory: PoolMemory, slot: number) {
    this.memory = memory;
    this.slot = slot;
    this.cells = memory.cellsOf(slot);
    this.at = memory.slotAt(slot);
    this.own = this.at + OWN + memory.thread * LINE;
  }

  /** A request of this thread begins. */
  enter(): void {
    Atomics.add(this.cells, this.own + IN_FLIGHT, 1);
  }

  /** It has ended. */
  leave(): void {
    Atomics.sub(this.cells, this.own + IN_FLIGHT, 1);
  }

  /**
   * Enters where there are fewer than `max` requests in flight. It is counted first and judged then, so
   * there are never more; where two come for the last place, the one that finds too many looks again.
   */
  enterBelow(max: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.inFlight >= max) return false;
      this.enter();
      if (this.#inFlightExactly() <= max) return true;
      this.leave();
    }
    return false;
  }

  /** Requests in flight of all workers. */
  get inFlight(): number {
    const { cells } = this;
    const end = this.at + OWN + this.memory.workers * LINE;
    let sum = 0;
    for (let own = this.at + OWN; own < end; own += LINE) sum += cells[own + IN_FLIGHT]!;
    return sum;
  }

  #inFlightExactly(): number {
    const { cells } = this;
    const end = this.at + OWN + this.memory.workers * LINE;
    let sum = 0;
    for (let own = this.at + OWN; own < end; own += LINE) {
      sum += Atomics.load(cells, own + IN_FLIGHT);
    }
    return sum;
  }

  /** False where probes have found it down. */
  get isUp(): boolean {
    return this.cells[this.at + HEALTH] !== DOWN;
  }

  /** No probe has spoken of it yet. */
  get isUnknown(): boolean {
    return this.cells[this.at + HEALTH] === UNKNOWN;
  }

  /** @returns true where that is another thing than before */
  setUp(isUp: boolean): boolean {
    const before = Atomics.exchange(this.cells, this.at + HEALTH, isUp ? UP : DOWN);
    return (before !== DOWN) !== isUp;
  }

  /** An operator has taken it out: no new requests. */
  get isDraining(): boolean {
    return this.cells[this.at + DRAINING] === 1;
  }

  setDraining(isDraining: boolean): void {
    Atomics.store(this.cells, this.at + DRAINING, isDraining ? 1 : 0);
  }

  /** A pool of some thread has had it. */
  get isSeen(): boolean {
    return Atomics.load(this.cells, this.at + SEEN) === 1;
  }

  /** True for the one thread whose pool has it first. */
  isFirstSeen(): boolean {
    return Atomics.exchange(this.cells, this.at + SEEN, 1) === 0;
  }

  /** Since when it may be used; 0 is from the beginning. */
  get upSince(): number {
    return this.#time(UP_SINCE);
  }

  set upSince(now: number) {
    this.#setTime(UP_SINCE, now);
  }

  /** When its last ejection began; 0 where there was none. */
  get ejectedAt(): number {
    return this.#time(EJECTED_AT);
  }

  /** When it is over. */
  get ejectedUntil(): number {
    return this.#time(EJECTED_UNTIL);
  }

  setEjected(at: number, until: number): void {
    this.#setTime(EJECTED_AT, at);
    this.#setTime(EJECTED_UNTIL, until);
  }

  /** Peak EWMA of its latency in milliseconds, 0 where nothing is known, and of when that is. */
  get latencyMs(): number {
    return this.#time(EWMA);
  }

  get latencyAt(): number {
    return this.#time(EWMA_AT);
  }

  /** Two threads may write at once; then one observation is lost, and nothing rests on a single one. */
  setLatency(latencyMs: number, now: number): void {
    this.#setTime(EWMA, latencyMs);
    this.#setTime(EWMA_AT, now);
  }

  // An aligned float64 is read and written whole by every machine that Node 24 runs on.
  #time(cell: number): number {
    return this.memory.viewsOf(this.slot).times[(this.at + cell) >> 1]!;
  }

  #setTime(cell: number, value: number): void {
    this.memory.viewsOf(this.slot).times[(this.at + cell) >> 1] = value;
  }
}

/** Workers that come for one place at the same instant more often than this meet a full backend. */
const ATTEMPTS = 8;
