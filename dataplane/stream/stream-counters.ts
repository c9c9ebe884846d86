/**
 * Stream counters: what one worker counts of its streams, a row for each stream and backend, in memory
 * that the main thread reads. Nobody else writes there, so that counting is adding to a number.
 */
import { STREAM_CAUSES, type StreamCause } from "./stream-record.ts";

/** Upper bounds of the durations that are counted apart; one more is for longer ones. Milliseconds. */
export const DURATION_BOUNDS_MS = [100, 1_000, 10_000, 60_000, 600_000, 3_600_000] as const;

// A row, in 64-bit floating point cells.
export const OPENED = 0;
export const CLOSED = 1;
export const BYTES_IN = 2;
export const BYTES_OUT = 3;
export const DURATION_MS = 4;
export const DURATIONS = 5;
export const CAUSES: number = DURATIONS + DURATION_BOUNDS_MS.length + 1;
/** Rows begin at cache lines. */
export const ROW_CELLS = 32;
/** Rows of a worker; what finds none left is counted in the first one, which has no name. */
const ROWS = 2_048;

const ROW_CELLS_USED = CAUSES + STREAM_CAUSES.length;
if (ROW_CELLS_USED > ROW_CELLS) throw new Error(`a row has ${ROW_CELLS_USED} cells`);

/** Where a connection counts: the first cell of its row. */
export type CounterRow = number;

/** A row is in use from now on. */
export interface NewRow {
  row: number;
  stream: string;
  backend: string;
}

/** What the memory for so many workers takes. */
export function countersBytes(workers: number): number {
  return workers * ROWS * ROW_CELLS * Float64Array.BYTES_PER_ELEMENT;
}

/** The cells of a worker. */
export function countersOf(memory: SharedArrayBuffer, worker: number): Float64Array {
  const cells = ROWS * ROW_CELLS;
  return new Float64Array(memory, worker * cells * Float64Array.BYTES_PER_ELEMENT, cells);
}

export class StreamCounters {
  readonly #cells: Float64Array;
  /** By stream and then backend. */
  readonly #rows = new Map<string, Map<string, CounterRow>>();
  #count = 0;
  readonly #tell: (row: NewRow) => void;

  /** @param tell told of each row that comes into use */
  constructor(memory: SharedArrayBuffer, worker: number, tell: (row: NewRow) => void) {
    this.#cells = countersOf(memory, worker);
    this.#tell = tell;
  }

  /** The row of a stream's connections to a backend; `backend` "" for those that come to none. */
  row(stream: string, backend: string): CounterRow {
    let rows = this.#rows.get(stream);
    const known = rows?.get(backend);
    if (known !== undefined) return known;
    const row = this.#count + 1;
    if (row >= ROWS) return 0;
    this.#count = row;
    if (rows === undefined) this.#rows.set(stream, (rows = new Map()));
    rows.set(backend, row * ROW_CELLS);
    this.#tell({ row, stream, backend });
    return row * ROW_CELLS;
  }

  opened(row: CounterRow): void {
    this.#cells[row + OPENED]! += 1;
  }

  passed(row: CounterRow, bytesIn: number, bytesOut: number): void {
    this.#cells[row + BYTES_IN]! += bytesIn;
    this.#cells[row + BYTES_OUT]! += bytesOut;
  }

  closed(row: CounterRow, cause: StreamCause, durationMs: number): void {
    const cells = this.#cells;
    cells[row + CLOSED]! += 1;
    cells[row + DURATION_MS]! += durationMs;
    let bucket = 0;
    while (bucket < DURATION_BOUNDS_MS.length && durationMs > DURATION_BOUNDS_MS[bucket]!) bucket++;
    cells[row + DURATIONS + bucket]! += 1;
    this.failed(row, cause);
  }

  /** One that was never opened. */
  failed(row: CounterRow, cause: StreamCause): void {
    this.#cells[row + CAUSES + STREAM_CAUSES.indexOf(cause)]! += 1;
  }
}
