/**
 * Recorder: one thread's hand on the metrics. Numbers lie in segments of shared memory that only this
 * thread writes and the main thread reads, so an update is a plain store, without Atomics.
 *
 * Labels are bounded by the configuration, but for statuses that backends make up: rows are limited, too.
 * A row is given a place when its labels are seen for the first time, and the main thread is told
 * where. When it tells back that a row is not wanted any more, its place is used again.
 */
import { SERIES_MAX } from "../../artifact/model.ts";
import { BackendMeter } from "./backend-meter.ts";
import { type Kind, KINDS, THREAD } from "./cells.ts";
import { ExchangeMeter, RouteMeter } from "./route-meter.ts";
import { ThreadMeter } from "./thread-meter.ts";

/** Where the numbers of one row are. What is written to a row that has gone is lost. */
export interface Row {
  cells: Float64Array;
  at: number;
  isGone: boolean;
}

/** What the main thread is told. */
export type RecorderMessage =
  | { type: "segment"; segment: number; memory: SharedArrayBuffer }
  | { type: "row"; kind: Kind; segment: number; at: number; labels: string[] };

/** A row's place. */
export interface Place {
  segment: number;
  at: number;
}

/** Cells of a segment: 64 KiB. */
const SEGMENT_CELLS = 8_192;
/** Larger than any row. */
const LOST = new Float64Array(128);

/** Memory for a recorder: its first segment, which begins with the thread's own row. */
export function createSegment(): SharedArrayBuffer {
  return new SharedArrayBuffer(SEGMENT_CELLS * Float64Array.BYTES_PER_ELEMENT);
}

export class Recorder {
  /** Of this thread. */
  readonly thread: ThreadMeter;
  /** Routes of an older number make no rows any more. */
  generation = 0;
  readonly #tell: (message: RecorderMessage) => void;
  readonly #rowsMax: number;
  readonly #segments: Float64Array[];
  readonly #rows = new Map<string, { row: Row; place: Place }>();
  readonly #keys = new Map<number, { key: string; kind: Kind }>();
  readonly #free: Record<Kind, Place[]> = { answer: [], exchange: [], backend: [], thread: [] };
  readonly #exchanges = new Map<string, ExchangeMeter>();
  readonly #backends = new Map<string, BackendMeter>();
  #next = THREAD.size;
  #numbers = 0;

  /**
   * @param memory the first segment
   * @param tell how the main thread is told of the others and of rows
   */
  constructor(
    memory: SharedArrayBuffer,
    tell: (message: RecorderMessage) => void,
    rowsMax = SERIES_MAX,
  ) {
    this.#segments = [new Float64Array(memory)];
    this.#tell = tell;
    this.#rowsMax = rowsMax;
    this.thread = new ThreadMeter({ cells: this.#segments[0]!, at: 0, isGone: false });
  }

  /** The meter of a backend by its id; "" stands for none. */
  backend(id: string): BackendMeter {
    let meter = this.#backends.get(id);
    if (meter === undefined) {
      meter = new BackendMeter(this, id, this.#numbers++);
      if (this.#backends.size < this.#rowsMax) this.#backends.set(id, meter);
    }
    return meter;
  }

  /** The meter of a route; both names "" where a request has none. */
  route(service: string, pattern: string): RouteMeter {
    return new RouteMeter(this, service, pattern);
  }

  /** What the meters of all generations of a route share. */
  exchange(labels: readonly string[]): ExchangeMeter {
    const key = labels.join("\n");
    let meter = this.#exchanges.get(key);
    if (meter === undefined || meter.row.isGone) {
      meter = new ExchangeMeter(this, labels);
      if (!meter.row.isGone) this.#exchanges.set(key, meter);
    }
    return meter;
  }

  /** The row of some labels; one that is lost where there are too many. */
  row(kind: Kind, labels: readonly string[]): Row {
    const key = `${kind}\n${labels.join("\n")}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known.row;
    if (this.#rows.size >= this.#rowsMax) {
      this.thread.countUnrecorded();
      return { cells: LOST, at: 0, isGone: true };
    }
    const place = this.#free[kind].pop() ?? this.#takePlace(KINDS[kind].cells);
    const row: Row = { cells: this.#segments[place.segment]!, at: place.at, isGone: false };
    this.#rows.set(key, { row, place });
    this.#keys.set(keyOf(place), { key, kind });
    this.#tell({ type: "row", kind, ...place, labels: [...labels] });
    return row;
  }

  /** The main thread has let go of these rows: their places are free. */
  forget(places: readonly Place[]): void {
    for (const place of places) {
      const named = this.#keys.get(keyOf(place));
      if (named === undefined) continue;
      const { row } = this.#rows.get(named.key)!;
      row.cells.fill(0, row.at, row.at + KINDS[named.kind].cells);
      row.cells = LOST;
      row.at = 0;
      row.isGone = true;
      this.#rows.delete(named.key);
      this.#keys.delete(keyOf(place));
      this.#free[named.kind].push(place);
    }
    for (const [key, { row }] of this.#exchanges) if (row.isGone) this.#exchanges.delete(key);
    for (const [id, meter] of this.#backends) if (meter.isForgotten) this.#backends.delete(id);
  }

  #takePlace(cells: number): Place {
    if (this.#next + cells > SEGMENT_CELLS) {
      const memory = createSegment();
      this.#segments.push(new Float64Array(memory));
      this.#next = 0;
      this.#tell({ type: "segment", segment: this.#segments.length - 1, memory });
    }
    const place = { segment: this.#segments.length - 1, at: this.#next };
    this.#next += cells;
    return place;
  }
}

function keyOf({ segment, at }: Place): number {
  return segment * SEGMENT_CELLS + at;
}
