/**
 * Directory: what all threads have counted, by labels. It knows where each thread's rows lie, adds them
 * up when somebody reads, and keeps what a thread counted that has died.
 */
import { type Kind, KINDS } from "./cells.ts";
import { labelText } from "./label-text.ts";
import { createSegment, type Place, type RecorderMessage } from "./recorder.ts";

/** Numbers of one set of labels. */
export interface Entry {
  readonly kind: Kind;
  readonly labels: readonly string[];
  /** `name="value",…`, escaped. */
  readonly text: string;
}

interface Part extends Place {
  writer: string;
  cells: Float64Array;
}

interface KnownEntry extends Entry {
  parts: Part[];
  /** What threads counted that have died. */
  past: Float64Array | undefined;
}

/** Rows of one thread that have gone. */
export interface Forgotten {
  writer: string;
  places: Place[];
}

export class Directory {
  readonly #segments = new Map<string, Float64Array[]>();
  readonly #entries: { [K in Kind]: Map<string, KnownEntry> } = {
    answer: new Map(),
    exchange: new Map(),
    backend: new Map(),
    thread: new Map(),
  };
  readonly #sum = new Float64Array(128);

  /**
   * Memory for a thread that is about to start, whose name is `writer` from now on; one that had the name
   * before has died.
   */
  open(writer: string): SharedArrayBuffer {
    this.#bury(writer);
    const memory = createSegment();
    this.#segments.set(writer, [new Float64Array(memory)]);
    this.#add("thread", [writer], { writer, segment: 0, at: 0 });
    return memory;
  }

  /** A thread has died: what it counted stays, what it held does not. */
  close(writer: string): void {
    this.#bury(writer);
  }

  receive(writer: string, message: RecorderMessage): void {
    const segments = this.#segments.get(writer);
    // The last words of a thread that has died already.
    if (segments === undefined) return;
    if (message.type === "segment") {
      segments[message.segment] = new Float64Array(message.memory);
      return;
    }
    const { kind, labels, segment, at } = message;
    this.#add(kind, labels, { writer, segment, at });
  }

  /** How many sets of labels there are. */
  get size(): number {
    return Object.values(this.#entries).reduce((sum, { size }) => sum + size, 0);
  }

  /** All entries of a kind, in order of appearance. */
  entries(kind: Kind): Iterable<Entry> {
    return this.#entries[kind].values();
  }

  /** One cell of an entry, all threads together. */
  cell(entry: Entry, cell: number): number {
    const { parts, past } = entry as KnownEntry;
    let sum = past === undefined ? 0 : past[cell]!;
    for (const { cells, at } of parts) sum += cells[at + cell]!;
    return sum;
  }

  /** Cells from `first` on, all threads together. Valid until the next call. */
  cells(entry: Entry, first: number, count: number): Float64Array {
    const sum = this.#sum;
    const { parts, past } = entry as KnownEntry;
    for (let i = 0; i < count; i++) sum[i] = past === undefined ? 0 : past[first + i]!;
    for (const { cells, at } of parts) {
      for (let i = 0; i < count; i++) sum[i]! += cells[at + first + i]!;
    }
    return sum;
  }

  /** One cell of all threads together. */
  total(cell: number): number {
    let sum = 0;
    for (const entry of this.#entries.thread.values()) sum += this.cell(entry, cell);
    return sum;
  }

  /**
   * Lets go of entries that nobody can add to any more.
   *
   * @returns which rows are free, for the threads that have them
   */
  prune(isWanted: (entry: Entry) => boolean): Forgotten[] {
    const forgotten = new Map<string, Place[]>();
    for (const entries of Object.values(this.#entries)) {
      for (const [key, entry] of entries) {
        if (entry.kind === "thread" || isWanted(entry)) continue;
        entries.delete(key);
        for (const { writer, segment, at } of entry.parts) {
          const places = forgotten.get(writer) ?? [];
          if (places.push({ segment, at }) === 1) forgotten.set(writer, places);
        }
      }
    }
    return [...forgotten].map(([writer, places]) => ({ writer, places }));
  }

  #add(kind: Kind, labels: readonly string[], { writer, segment, at }: Place & { writer: string }) {
    const entries = this.#entries[kind];
    const key = labels.join("\n");
    let entry = entries.get(key);
    if (entry === undefined) {
      const text = labelText(KINDS[kind].labels, labels);
      entry = { kind, labels, text, parts: [], past: undefined };
      entries.set(key, entry);
    }
    const cells = this.#segments.get(writer)![segment]!;
    entry.parts.push({ writer, segment, at, cells });
  }

  #bury(writer: string): void {
    if (!this.#segments.delete(writer)) return;
    for (const entries of Object.values(this.#entries)) {
      for (const entry of entries.values()) {
        const gone = entry.parts.findIndex((part) => part.writer === writer);
        if (gone === -1) continue;
        const [part] = entry.parts.splice(gone, 1);
        const { cells, gauges } = KINDS[entry.kind];
        entry.past ??= new Float64Array(cells);
        for (let i = gauges; i < cells; i++) entry.past[i]! += part!.cells[part!.at + i]!;
      }
    }
  }
}
