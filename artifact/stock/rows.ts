/**
 * The rows of one section of a stock: u32s by field name, numbered as they come.
 *
 * What `verify` would refuse later is refused here, with an EncodeError.
 */
import { EncodeError } from "../encode-error.ts";
import { type Field, fieldsOf, NONE, type ROWS, type RowSection, strideOf } from "../layout.ts";

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

  /** All rows, one behind the other; until one more is appended. */
  get words(): Uint32Array {
    return this.#words;
  }

  #reserve(length: number): void {
    if (length <= this.#words.length) return;
    const larger = new Uint32Array(Math.max(length, this.#words.length * 2));
    larger.set(this.#words);
    this.#words = larger;
  }
}

function rangeOf(field: Field): { min: number; max: number; optional: boolean } {
  if (field.kind === "number") return { min: field.min, max: field.max, optional: false };
  return { min: 0, max: NONE, optional: field.kind === "row" && field.optional };
}
