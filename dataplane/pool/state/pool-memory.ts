/**
 * Pool memory: the shared memory itself, as one thread sees it. It grows as slots are given out; the
 * system gives only what is touched.
 */
import { type Clock, clockSince, monotonicMs } from "./clock.ts";
import {
  CELL_BYTES,
  CHANGES,
  EPOCH,
  slotCells,
  SLOTS_AT,
  TABLE,
  TABLE_BITS_MIN,
  THREADS,
} from "./layout.ts";

/** Address space that is set aside; it holds a million slots of eight workers. */
const BYTES_MAX = 2 ** 30;
/** Room for so many slots from the beginning. */
const SLOTS_FIRST = 256;

/** The memory as numbers of several sizes. */
export interface PoolViews {
  cells: Int32Array<SharedArrayBuffer>;
  times: Float64Array<SharedArrayBuffer>;
}

export class PoolMemory {
  readonly buffer: SharedArrayBuffer;
  /** Workers of the process. */
  readonly workers: number;
  /** Cells of a slot. */
  readonly slotCells: number;
  /** This thread: a worker's index, or `workers` for the main thread. */
  readonly thread: number;
  readonly now: Clock;
  /**
   * Everything there was when somebody last looked. Of a fixed length, as reading through one that
   * follows the buffer costs twenty times as much; whoever needs a slot asks `viewsOf`.
   */
  #views: PoolViews;

  private constructor(buffer: SharedArrayBuffer, worker?: number, clock?: Clock) {
    this.buffer = buffer;
    this.#views = viewsOf(buffer);
    this.workers = this.header[THREADS]! - 1;
    this.slotCells = slotCells(this.workers);
    this.thread = worker ?? this.workers;
    this.now = clock ?? clockSince(new Float64Array(buffer, EPOCH * CELL_BYTES, 1)[0]!);
  }

  /** The memory of a process with so many workers, seen by its main thread. */
  static create(workers: number, clock?: Clock): PoolMemory {
    const cells = SLOTS_AT + SLOTS_FIRST * slotCells(workers);
    const buffer = new SharedArrayBuffer(cells * CELL_BYTES, { maxByteLength: BYTES_MAX });
    const header = new Int32Array(buffer, 0, SLOTS_AT);
    header[THREADS] = workers + 1;
    header[TABLE] = TABLE_BITS_MIN;
    new Float64Array(buffer, EPOCH * CELL_BYTES, 1)[0] = monotonicMs();
    return new PoolMemory(buffer, undefined, clock);
  }

  /** What another thread has created, seen by a worker. */
  static over(buffer: SharedArrayBuffer, worker: number, clock?: Clock): PoolMemory {
    return new PoolMemory(buffer, worker, clock);
  }

  /** The cells, with those of the header, the tables and `slot` among them. */
  cellsOf(slot: number): Int32Array<SharedArrayBuffer> {
    return this.viewsOf(slot).cells;
  }

  /** The same memory in every size. */
  viewsOf(slot: number): PoolViews {
    if (this.slotAt(slot + 1) > this.#views.cells.length) this.#follow(slot);
    return this.#views;
  }

  /** Header and tables. */
  get header(): Int32Array<SharedArrayBuffer> {
    return this.#views.cells;
  }

  /** Where a slot begins. */
  slotAt(slot: number): number {
    return SLOTS_AT + slot * this.slotCells;
  }

  /** How often another set of backends has become usable. */
  get changes(): number {
    return this.#views.cells[CHANGES]!;
  }

  /** Another set of backends is usable: everybody looks anew. */
  changed(): void {
    Atomics.add(this.header, CHANGES, 1);
  }

  #follow(slot: number): void {
    const bytes = this.slotAt(slot + 1) * CELL_BYTES;
    const { buffer } = this;
    while (buffer.byteLength < bytes) {
      if (bytes > BYTES_MAX) throw new Error("no room for more backends in use");
      try {
        buffer.grow(Math.min(BYTES_MAX, Math.max(bytes, buffer.byteLength * 2)));
      } catch (error) {
        // Another thread may have been faster, and gone further.
        if (buffer.byteLength < bytes) throw error;
      }
    }
    this.#views = viewsOf(buffer);
  }
}

function viewsOf(buffer: SharedArrayBuffer): PoolViews {
  const bytes = buffer.byteLength;
  return {
    cells: new Int32Array(buffer, 0, bytes / Int32Array.BYTES_PER_ELEMENT),
    times: new Float64Array(buffer, 0, bytes / Float64Array.BYTES_PER_ELEMENT),
  };
}
