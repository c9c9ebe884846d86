/**
 * Pool state: what one thread does with the memory that all threads share for pools. Requests are picked
 * and settled through `Pool`; here is what the main thread does: health, drains, dead workers, tidying.
 */
import { BackendSlot } from "./backend-slot.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import type { Clock } from "./clock.ts";
import { Ejection } from "./ejection.ts";
import { FIRST_WAITING, IN_FLIGHT, LINE, OWN, WINDOW } from "./layout.ts";
import { PoolMemory } from "./pool-memory.ts";
import { type Named, SlotTable } from "./slot-table.ts";

export class PoolState {
  readonly memory: PoolMemory;
  readonly #table: SlotTable;

  private constructor(memory: PoolMemory) {
    this.memory = memory;
    this.#table = new SlotTable(memory);
  }

  /** The main thread's, for so many workers. */
  static create(workers: number, clock?: Clock): PoolState {
    return new PoolState(PoolMemory.create(workers, clock));
  }

  /** A worker's, over what the main thread has created. */
  static over(buffer: SharedArrayBuffer, worker: number, clock?: Clock): PoolState {
    return new PoolState(PoolMemory.over(buffer, worker, clock));
  }

  /** What other threads are handed. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer;
  }

  /** Milliseconds of the clock of all threads. */
  now(): number {
    return this.memory.now();
  }

  /** The slot of an identity, found or made, held until it is released as often. */
  acquire(identity: string): number {
    return this.#table.acquire(identity);
  }

  /** The slot of an identity as it is just now, without holding it; undefined where there is none. */
  find(identity: string): BackendSlot | undefined {
    const slot = this.#table.find(identity);
    return slot === -1 ? undefined : this.#backend(slot);
  }

  release(slot: number): void {
    this.#table.release(slot);
  }

  /** No probe has spoken of it yet. */
  isNew(slot: number): boolean {
    return this.#backend(slot).isUnknown;
  }

  isUp(slot: number): boolean {
    return this.#backend(slot).isUp;
  }

  /**
   * What probes have found. One that comes back is new again as far as slow start is concerned, and its
   * ejection is over.
   *
   * @returns true where that is another thing than before
   */
  setHealth(slot: number, isUp: boolean): boolean {
    const backend = this.#backend(slot);
    if (!backend.setUp(isUp)) return false;
    if (isUp) {
      backend.upSince = this.now();
      new Ejection(backend).end(this.now());
    }
    this.memory.changed();
    return true;
  }

  /**
   * Probes have seen it come back: where its breaker is open it need not wait for its time.
   *
   * @returns true where that has made it half-open
   */
  probeBreaker(slot: number): boolean {
    const breaker = new Breaker(this.#backend(slot));
    breaker.probeNow(this.now());
    if (breaker.transition === undefined) return false;
    this.memory.changed();
    return true;
  }

  /** @returns true where it was ejected */
  endEjection(slot: number): boolean {
    if (!new Ejection(this.#backend(slot)).end(this.now())) return false;
    this.memory.changed();
    return true;
  }

  isEjected(slot: number): boolean {
    return new Ejection(this.#backend(slot)).remainsMs(this.now()) > 0;
  }

  breakerState(slot: number): BreakerState {
    return new Breaker(this.#backend(slot)).state;
  }

  /** Requests in flight of all workers. */
  inFlight(slot: number): number {
    return this.#backend(slot).inFlight;
  }

  /** An operator takes it out, or brings it back. */
  setDraining(slot: number, isDraining: boolean): void {
    this.#backend(slot).setDraining(isDraining);
    this.memory.changed();
  }

  /** Main thread: room for so many backends and pools without having to tidy up meanwhile. */
  reserve(identities: number): void {
    this.#table.reserve(identities);
  }

  /** Main thread: a worker has ended, and with it its requests, waiters and half-open places. */
  forget(worker: number): void {
    this.#table.forget(worker);
    for (const slot of this.#table.slots()) {
      const cells = this.memory.cellsOf(slot);
      const own = this.memory.slotAt(slot) + OWN + worker * LINE;
      for (const cell of [IN_FLIGHT, FIRST_WAITING]) {
        if (Atomics.load(cells, own + cell) !== 0) Atomics.store(cells, own + cell, 0);
      }
      if (cells[own + WINDOW] !== 0) cells.fill(0, own + WINDOW, own + LINE);
      new Breaker(this.#backend(slot)).forget(worker);
    }
    this.memory.changed();
  }

  /**
   * Main thread: gives back the slots that nobody holds and nothing names any more, and tidies the table:
   * workers that find it full of removed ones wait for that. In small steps.
   *
   * @param identities that are named; asked for only where there is a slot that may not be
   * @param named slots that are known to be named; those that are found to be are added
   * @returns how many
   */
  *collect(identities: () => Iterable<string>, named: Named): Generator<void, number> {
    const freed = yield* this.#table.collect(identities, named);
    this.#table.reserve(0);
    return freed;
  }

  #backend(slot: number): BackendSlot {
    return new BackendSlot(this.memory, slot);
  }
}
