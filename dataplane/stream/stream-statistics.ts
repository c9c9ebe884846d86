/**
 * Stream statistics: what all workers have counted, added up by stream and backend.
 */
import {
  BYTES_IN,
  BYTES_OUT,
  CAUSES,
  CLOSED,
  countersBytes,
  countersOf,
  DURATION_BOUNDS_MS,
  DURATION_MS,
  DURATIONS,
  type NewRow,
  OPENED,
  ROW_CELLS,
} from "./stream-counters.ts";
import { STREAM_CAUSES, type StreamCause } from "./stream-record.ts";

/** Counts since the start. */
export interface StreamSnapshot {
  stream: string;
  /** "" for connections that came to no backend. */
  backend: string;
  /** Connections to this backend that were opened; of these, open now. */
  opened: number;
  open: number;
  bytesIn: number;
  bytesOut: number;
  /** Of those that are over: all together, and how many took no longer than each bound (the last: any). */
  durationMs: number;
  durations: { maxMs: number; count: number }[];
  /** How those that are over have ended; only causes that there were. */
  causes: Partial<Record<StreamCause, number>>;
}

interface NamedRow {
  stream: string;
  backend: string;
  /** A worker's cells, or a copy of what one that has died had counted. */
  cells: Float64Array;
}

export class StreamStatistics {
  /** What workers are handed. */
  readonly memory: SharedArrayBuffer;
  readonly #workers: { cells: Float64Array; rows: NamedRow[] }[];
  readonly #dead = new Map<string, NamedRow>();

  constructor(workers: number) {
    this.memory = new SharedArrayBuffer(countersBytes(workers));
    this.#workers = Array.from({ length: workers }, (_, worker) => ({
      cells: countersOf(this.memory, worker),
      rows: [],
    }));
  }

  /** A worker has begun to use a row. */
  named(worker: number, { row, stream, backend }: NewRow): void {
    const { cells, rows } = this.#workers[worker]!;
    const at = row * ROW_CELLS;
    rows.push({ stream, backend, cells: cells.subarray(at, at + ROW_CELLS) });
  }

  /** A worker has ended; what it has counted stays, and what it had open is open no more. */
  forget(worker: number): void {
    const { cells, rows } = this.#workers[worker]!;
    for (const { stream, backend, cells: counted } of rows.splice(0)) {
      const key = `${stream}\n${backend}`;
      const known = this.#dead.get(key);
      const sum = known?.cells ?? new Float64Array(ROW_CELLS);
      for (let cell = 0; cell < ROW_CELLS; cell++) sum[cell]! += counted[cell]!;
      sum[CLOSED] = sum[OPENED]!;
      this.#dead.set(key, { stream, backend, cells: sum });
    }
    cells.fill(0);
  }

  /** By stream and then backend. */
  snapshot(): StreamSnapshot[] {
    const sums = new Map<string, NamedRow>();
    for (const row of this.#rows()) {
      const key = `${row.stream}\n${row.backend}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { ...row, cells: row.cells.slice() });
      else for (let cell = 0; cell < ROW_CELLS; cell++) sum.cells[cell]! += row.cells[cell]!;
    }
    return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => snapshotOf(row));
  }

  *#rows(): Generator<NamedRow> {
    yield* this.#dead.values();
    for (const { rows } of this.#workers) yield* rows;
  }
}

function snapshotOf({ stream, backend, cells }: NamedRow): StreamSnapshot {
  let below = 0;
  const bounds = [...DURATION_BOUNDS_MS, Infinity];
  return {
    stream,
    backend,
    opened: cells[OPENED]!,
    open: cells[OPENED]! - cells[CLOSED]!,
    bytesIn: cells[BYTES_IN]!,
    bytesOut: cells[BYTES_OUT]!,
    durationMs: cells[DURATION_MS]!,
    durations: bounds.map((maxMs, at) => ({ maxMs, count: (below += cells[DURATIONS + at]!) })),
    causes: Object.fromEntries(
      STREAM_CAUSES.map((cause, at) => [cause, cells[CAUSES + at]!] as const).filter(
        ([, count]) => count > 0,
      ),
    ),
  };
}
