/**
 * Builders of sections: interned strings, and rows of u32s by field name.
 *
 * What `verify` would refuse later is refused here, with an EncodeError.
 */
import { EncodeError } from "./encode-error.ts";
import { type Field, fieldsOf, NONE, type ROWS, type RowSection, strideOf } from "./layout.ts";
import { hasControl } from "./text.ts";

/** Texts kept once each, numbered by first use. Text 0 is "". */
export class Strings {
  /**
   * An object, not a Map: of texts that were looked up before, in another artifact say, it finds the
   * number twice as fast.
   */
  readonly #ids: Record<string, number | undefined> = Object.create(null) as Record<string, number>;
  readonly #texts = [""];
  /** The text asked for last: the rows of one file name it again and again. */
  #last = "";
  #lastId = 0;

  id(text: string): number {
    if (text === "") return 0;
    if (text === this.#last) return this.#lastId;
    let id = this.#ids[text];
    if (id === undefined) this.#ids[text] = id = this.#texts.push(text) - 1;
    this.#last = text;
    this.#lastId = id;
    return id;
  }

  /**
   * The two sections: all texts behind each other, and where each ends.
   *
   * @throws EncodeError for a text that an artifact does not take
   */
  toBytes(): { strings: Uint8Array; ends: Uint8Array } {
    const texts = this.#texts;
    // One text for all of them: it is looked at and written once.
    const all = texts.join("");
    // oxlint-disable-next-line no-control-regex -- the range is the point: printable ASCII
    const isAscii = !/[^\x20-\x7e]/.test(all);
    if (!isAscii) texts.forEach(check);
    const ends = new Uint32Array(texts.length);
    let end = 0;
    for (let id = 0; id < texts.length; id++) {
      end += isAscii ? texts[id]!.length : Buffer.byteLength(texts[id]!);
      ends[id] = end;
    }
    const strings = Buffer.from(all, isAscii ? "latin1" : "utf8");
    return { strings, ends: new Uint8Array(ends.buffer) };
  }
}

function check(text: string): void {
  if (!hasControl(text) && text.isWellFormed()) return;
  const shown = JSON.stringify(text);
  throw new EncodeError(`text ${shown} holds a control character or half a surrogate pair`);
}

/** A run of rows of another section. */
export interface Run {
  first: number;
  count: number;
}

/** What a row is made of: numbers (undefined = none) and runs, by field name. */
export type Row<S extends RowSection> = {
  [F in keyof (typeof ROWS)[S]]: (typeof ROWS)[S][F] extends { kind: "run" }
    ? Run
    : number | undefined;
};

/** A u32 times this, and what is below this, is a whole number still. */
const PAIR_LOW = 2 ** 21;

/** Rows of one section, growing. */
export class Rows<S extends RowSection> {
  count = 0;
  readonly #section: S;
  readonly #fields: { name: string; at: number; min: number; max: number; optional: boolean }[];
  readonly #stride: number;
  /** Rows by content that `once` and `list` have added. */
  readonly #known = new Map<number | string, number>();
  #last: Row<S> | undefined;
  #lastAt = 0;
  #words = new Uint32Array(256);

  constructor(section: S) {
    this.#section = section;
    this.#stride = strideOf(section);
    this.#fields = fieldsOf(section).map(({ name, field, at }) => ({
      name,
      at,
      ...rangeOf(field),
    }));
  }

  /**
   * Appends a row and returns its number.
   *
   * @throws EncodeError for a number that its field does not take
   */
  add(row: Row<S>): number {
    const start = this.count * this.#stride;
    this.#reserve(start + this.#stride);
    const words = this.#words;
    for (const { name, at, min, max, optional } of this.#fields) {
      const value = row[name as keyof Row<S>] as number | Run | undefined;
      if (typeof value === "number" && value >>> 0 === value && value >= min && value <= max) {
        words[start + at] = value;
      } else if (typeof value === "object") {
        words[start + at] = value.first;
        words[start + at + 1] = value.count;
      } else if (value === undefined && optional) {
        words[start + at] = NONE;
      } else {
        throw new EncodeError(`${this.#section} row ${this.count}: ${name} cannot be ${value}`);
      }
    }
    return this.count++;
  }

  /** The number of a row with this content: a known one, or one that it appends. */
  once(row: Row<S>): number {
    // Neighbours mostly agree: a look at the last one spares most keys.
    if (this.#last !== undefined && this.#isSame(row, this.#last)) return this.#lastAt;
    const key = this.#keyOf(row);
    let known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, (known = this.add(row)));
    this.#last = row;
    this.#lastAt = known;
    return known;
  }

  #isSame(row: Row<S>, last: Row<S>): boolean {
    for (const { name } of this.#fields) {
      if (row[name as keyof Row<S>] !== last[name as keyof Row<S>]) return false;
    }
    return true;
  }

  /** Two numbers make one where they fit: a text for each place in a file would take long. */
  #keyOf(row: Row<S>): number | string {
    const values = this.#fields.map(({ name }) => row[name as keyof Row<S>]);
    const [high, low] = values as (number | undefined)[];
    const isPair = values.length === 2 && high !== undefined && low !== undefined;
    return isPair && low < PAIR_LOW ? high * PAIR_LOW + low : values.join();
  }

  /**
   * The first row of a list, known or appended, in a section whose rows say with `more` whether the
   * list goes on; undefined for the empty list.
   */
  list(items: readonly Omit<Row<S>, "more">[]): number | undefined {
    if (items.length === 0) return undefined;
    const key = items.map((item) => Object.values(item).join()).join(" ");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const first = this.count;
    items.forEach((item, index) => {
      this.add({ ...item, more: Number(index + 1 < items.length) } as unknown as Row<S>);
    });
    this.#known.set(key, first);
    return first;
  }

  /** Appends rows whose u32s are made already. */
  append(words: Uint32Array): void {
    const start = this.count * this.#stride;
    this.#reserve(start + words.length);
    this.#words.set(words, start);
    this.count += words.length / this.#stride;
  }

  /** The rows as they lie here: they are copied when the file is put together. */
  toBytes(): { bytes: Uint8Array; rowBytes: number } {
    const rowBytes = this.#stride * 4;
    return { bytes: new Uint8Array(this.#words.buffer, 0, this.count * rowBytes), rowBytes };
  }

  /** Makes room for so many rows at once: growing to them by steps leaves as much again behind. */
  expect(rows: number): void {
    const length = rows * this.#stride;
    if (length > this.#words.length) this.#grow(length);
  }

  #reserve(length: number): void {
    if (length > this.#words.length) this.#grow(Math.max(length, this.#words.length * 2));
  }

  #grow(length: number): void {
    const larger = new Uint32Array(length);
    larger.set(this.#words);
    this.#words = larger;
  }
}

function rangeOf(field: Field): { min: number; max: number; optional: boolean } {
  if (field.kind === "number") return { min: field.min, max: field.max, optional: false };
  return { min: 0, max: NONE, optional: field.kind === "row" && field.optional };
}
