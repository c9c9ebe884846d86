/**
 * Slot table: from identities to slots, for any thread, without a lock: a thread may end at any
 * instruction and must leave nothing that others wait for.
 *
 * A slot is made ready first and published by one compare-and-exchange into the first empty cell of its
 * chain; whoever loses that takes the winner's. Entries are never moved and an emptied cell is never used
 * again, so two threads cannot publish one identity twice. The main thread alone frees slots and builds
 * tables anew: it closes every empty cell of the old one before it copies.
 */
import { type IdentityKey, keyOf } from "./identity.ts";
import {
  FREE_FROM,
  HELD,
  heldAt,
  IN_FLIGHT,
  KEY_HIGH,
  KEY_LOW,
  LINE,
  OWN,
  SLOTS_USED,
  STATE,
  TABLE,
  TABLE_BITS_MAX,
  TABLE_FILLED,
  tableAt,
} from "./layout.ts";
import type { PoolMemory } from "./pool-memory.ts";
import { SlotSet } from "./slot-set.ts";

// A slot's STATE.
const FREE = 0;
const IN_USE = 1;
/** The main thread is freeing it. */
const RETIRING = 2;
/** A thread is making it ready: this and its number. */
const CLAIMED = 16;

// A table's cell; a slot is its number and one.
const EMPTY = 0;
const REMOVED = -1;
/** The table is being replaced. */
const CLOSED = -2;

/** Of a collection, so many are looked at before other things are done. */
const SLOTS_A_STEP = 2_000;
const IDENTITIES_A_STEP = 200;

/** Between two looks at a table that is being replaced. */
const WAIT_MS = 100;

/** Slots that are known to be named. */
export interface Named {
  has(slot: number): boolean;
  add(slot: number): unknown;
}

export class SlotTable {
  readonly #memory: PoolMemory;

  constructor(memory: PoolMemory) {
    this.#memory = memory;
  }

  /**
   * The slot of an identity, made where there was none. It is held by this thread until `release` has
   * been called as often.
   */
  acquire(identity: string): number {
    const key = keyOf(identity);
    for (;;) {
      const slot = this.#findOrMake(key);
      if (slot >= 0 && this.#hold(slot, key)) return slot;
    }
  }

  /** Main thread: the slot of an identity, neither made nor held; -1 where there is none. */
  find(identity: string): number {
    const key = keyOf(identity);
    const { header } = this.#memory;
    const { at: table, mask } = tableOf(Atomics.load(header, TABLE));
    for (let probe = 0; probe <= mask; probe++) {
      const found = Atomics.load(header, table + ((key.low + probe) & mask));
      if (found === EMPTY) return -1;
      if (found > 0 && this.#isKey(found - 1, key)) return found - 1;
    }
    return -1;
  }

  /** This thread uses it no more. What is known stays until `collect`. */
  release(slot: number): void {
    const { cells, held } = this.#own(slot);
    Atomics.sub(cells, held, 1);
  }

  /** Every slot that is in use. */
  *slots(): Generator<number> {
    const used = Atomics.load(this.#memory.header, SLOTS_USED);
    for (let slot = 0; slot < used; slot++) {
      const cells = this.#memory.cellsOf(slot);
      if (Atomics.load(cells, this.#memory.slotAt(slot) + STATE) === IN_USE) yield slot;
    }
  }

  /** Whether any thread holds it or has requests in flight. */
  isHeld(slot: number): boolean {
    const { workers } = this.#memory;
    const cells = this.#memory.cellsOf(slot);
    const at = this.#memory.slotAt(slot);
    for (let thread = 0; thread <= workers; thread++) {
      if (Atomics.load(cells, at + heldAt(thread, workers)) !== 0) return true;
      if (thread < workers && Atomics.load(cells, at + OWN + thread * LINE + IN_FLIGHT) !== 0) {
        return true;
      }
    }
    return false;
  }

  /** Its identity's hash. */
  keyOf(slot: number): IdentityKey {
    const cells = this.#memory.cellsOf(slot);
    const at = this.#memory.slotAt(slot);
    return { low: cells[at + KEY_LOW]!, high: cells[at + KEY_HIGH]! };
  }

  /**
   * Main thread: forgets what is known of a slot that nobody holds.
   *
   * @returns false where somebody does
   */
  free(slot: number): boolean {
    const cells = this.#memory.cellsOf(slot);
    const at = this.#memory.slotAt(slot);
    if (Atomics.compareExchange(cells, at + STATE, IN_USE, RETIRING) !== IN_USE) return false;
    // Whoever finds it now holds it first and looks at the state then, so one of the two sees the other.
    if (this.isHeld(slot)) {
      Atomics.store(cells, at + STATE, IN_USE);
      return false;
    }
    this.#unpublish(slot);
    this.#discard(slot);
    return true;
  }

  /**
   * Main thread: frees every slot that nobody holds and none of `identities` names, in steps of less than a
   * millisecond. Until the last steps nothing is freed.
   *
   * @param named slots that are known to be named; those that are found to be are added
   * @returns how many
   */
  *collect(identities: () => Iterable<string>, named: Named): Generator<void, number> {
    const unheld = new SlotSet();
    let seen = 0;
    for (const slot of this.slots()) {
      if (++seen % SLOTS_A_STEP === 0) yield;
      if (!named.has(slot) && !this.isHeld(slot)) unheld.add(slot);
    }
    if (unheld.size === 0) return 0;
    for (const identity of identities()) {
      if (++seen % IDENTITIES_A_STEP === 0) yield;
      const slot = this.find(identity);
      if (slot === -1 || !unheld.delete(slot)) continue;
      named.add(slot);
      if (unheld.size === 0) return 0;
    }
    let freed = 0;
    for (const slot of unheld) {
      if (++seen % SLOTS_A_STEP === 0) yield;
      if (this.free(slot)) freed++;
    }
    return freed;
  }

  /** Main thread: room for so many identities; also tidies a table that is full of removed ones. */
  reserve(identities: number): void {
    const { header } = this.#memory;
    const { bits } = tableOf(Atomics.load(header, TABLE));
    const filled = Atomics.load(header, TABLE_FILLED);
    const wanted = Math.max(identities, Atomics.load(header, SLOTS_USED)) * 2;
    let due = bits;
    while (due < TABLE_BITS_MAX && 1 << due < wanted) due++;
    if (due > bits || filled * 4 > (1 << bits) * 3) this.#rebuild(due);
  }

  /** Main thread: a worker has ended; what it was making is free again, what it held it holds no more. */
  forget(worker: number): void {
    const ownHeld = heldAt(worker, this.#memory.workers);
    const used = Atomics.load(this.#memory.header, SLOTS_USED);
    for (let slot = 0; slot < used; slot++) {
      const cells = this.#memory.cellsOf(slot);
      const at = this.#memory.slotAt(slot);
      if (Atomics.load(cells, at + STATE) === CLAIMED + worker) this.#discard(slot);
      const held = at + ownHeld;
      // A store alone would make the system give memory for slots that nobody has used.
      if (Atomics.load(cells, held) !== 0) Atomics.store(cells, held, 0);
    }
  }

  /** True where the slot is still the key's, and stays so. */
  #hold(slot: number, key: IdentityKey): boolean {
    const { cells, at, held } = this.#own(slot);
    Atomics.add(cells, held, 1);
    const isRight =
      Atomics.load(cells, at + STATE) === IN_USE &&
      cells[at + KEY_LOW] === key.low &&
      cells[at + KEY_HIGH] === key.high;
    if (!isRight) Atomics.sub(cells, held, 1);
    return isRight;
  }

  /** The slot of a key; -1 where it must be looked for again. */
  #findOrMake(key: IdentityKey): number {
    const memory = this.#memory;
    const { header } = memory;
    const word = Atomics.load(header, TABLE);
    const { at: table, mask } = tableOf(word);
    let made = -1;
    for (let probe = 0; probe <= mask; probe++) {
      const cell = table + ((key.low + probe) & mask);
      let found = Atomics.load(header, cell);
      if (found === EMPTY) {
        if (made === -1) made = this.#make(key);
        found = Atomics.compareExchange(header, cell, EMPTY, made + 1);
        if (found === EMPTY) {
          Atomics.add(header, TABLE_FILLED, 1);
          return made;
        }
      }
      if (found === CLOSED) break;
      if (found > 0 && this.#isKey(found - 1, key)) {
        if (made !== -1) this.#discard(made);
        return found - 1;
      }
    }
    if (made !== -1) this.#discard(made);
    this.#awaitTable(word);
    return -1;
  }

  #isKey(slot: number, key: IdentityKey): boolean {
    const cells = this.#memory.cellsOf(slot);
    const at = this.#memory.slotAt(slot);
    return cells[at + KEY_LOW] === key.low && cells[at + KEY_HIGH] === key.high;
  }

  /** The table is full or being replaced. The main thread does that in one go, and never waits for a worker. */
  #awaitTable(word: number): void {
    const { header, thread, workers } = this.#memory;
    if (thread === workers) this.reserve(tableOf(word).mask);
    else Atomics.wait(header, TABLE, word, WAIT_MS);
  }

  /** A free slot with everything zero but its key. */
  #make(key: IdentityKey): number {
    const slot = this.#claim();
    const cells = this.#memory.cellsOf(slot);
    const at = this.#memory.slotAt(slot);
    cells[at + KEY_LOW] = key.low;
    cells[at + KEY_HIGH] = key.high;
    Atomics.store(cells, at + STATE, IN_USE);
    return slot;
  }

  #claim(): number {
    const { header } = this.#memory;
    for (;;) {
      const from = Atomics.load(header, FREE_FROM);
      const used = Atomics.load(header, SLOTS_USED);
      for (let slot = from; slot < used; slot++) {
        if (!this.#claims(slot)) continue;
        Atomics.compareExchange(header, FREE_FROM, from, slot + 1);
        return slot;
      }
      Atomics.compareExchange(header, FREE_FROM, from, used);
      const slot = Atomics.add(header, SLOTS_USED, 1);
      if (this.#claims(slot)) return slot;
    }
  }

  #claims(slot: number): boolean {
    const memory = this.#memory;
    const cells = memory.cellsOf(slot);
    const state = memory.slotAt(slot) + STATE;
    return Atomics.compareExchange(cells, state, FREE, CLAIMED + memory.thread) === FREE;
  }

  /** Makes a slot that is in no table free. */
  #discard(slot: number): void {
    const memory = this.#memory;
    const { header } = memory;
    const cells = memory.cellsOf(slot);
    const at = memory.slotAt(slot);
    // What says who holds it stays: somebody may just be finding that it is not what it looked for.
    const heldByMain = at + heldAt(memory.workers, memory.workers);
    cells.fill(0, at + STATE + 1, heldByMain);
    cells.fill(0, heldByMain + 1, at + OWN);
    for (let own = at + OWN; own < at + memory.slotCells; own += LINE) {
      cells[own + IN_FLIGHT] = 0;
      cells.fill(0, own + HELD + 1, own + LINE);
    }
    Atomics.store(cells, at + STATE, FREE);
    for (;;) {
      const from = Atomics.load(header, FREE_FROM);
      if (from <= slot) return;
      if (Atomics.compareExchange(header, FREE_FROM, from, slot) === from) return;
    }
  }

  #unpublish(slot: number): void {
    const { header } = this.#memory;
    const { at: table, mask } = tableOf(Atomics.load(header, TABLE));
    const { low } = this.keyOf(slot);
    for (let probe = 0; probe <= mask; probe++) {
      const cell = table + ((low + probe) & mask);
      if (Atomics.compareExchange(header, cell, slot + 1, REMOVED) === slot + 1) return;
      if (Atomics.load(header, cell) === EMPTY) return;
    }
  }

  /** Copies what is in use into the other table, and makes that the one in use. */
  #rebuild(bits: number): void {
    const memory = this.#memory;
    const { header } = memory;
    const before = tableOf(Atomics.load(header, TABLE));
    const word = ((before.version + 1) << VERSION_SHIFT) | bits;
    const { at: next, mask } = tableOf(word);
    header.fill(EMPTY, next, next + mask + 1);
    let filled = 0;
    for (let cell = before.at; cell <= before.at + before.mask; cell++) {
      const found = Atomics.compareExchange(header, cell, EMPTY, CLOSED);
      if (found <= 0) continue;
      const { low } = this.keyOf(found - 1);
      let probe = 0;
      while (header[next + ((low + probe) & mask)] !== EMPTY) probe++;
      header[next + ((low + probe) & mask)] = found;
      filled++;
    }
    Atomics.store(header, TABLE_FILLED, filled);
    Atomics.store(header, TABLE, word);
    Atomics.notify(header, TABLE);
  }

  #own(slot: number): { cells: Int32Array<SharedArrayBuffer>; at: number; held: number } {
    const memory = this.#memory;
    const at = memory.slotAt(slot);
    return { cells: memory.cellsOf(slot), at, held: at + heldAt(memory.thread, memory.workers) };
  }
}

const VERSION_SHIFT = 5;

/** What the cell TABLE says. */
function tableOf(word: number): { version: number; bits: number; at: number; mask: number } {
  const version = word >>> VERSION_SHIFT;
  const bits = word & ((1 << VERSION_SHIFT) - 1);
  return { version, bits, at: tableAt(version & 1), mask: (1 << bits) - 1 };
}
