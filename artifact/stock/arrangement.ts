/**
 * Arrangement: the rows of a stock that a model needs, numbered anew and copied to where they stand in an
 * artifact. The numbers follow from the rows that are taken and from what these lead to, and not from
 * what else is in the stock or when it came: the same model has the same bytes, whatever was before it.
 *
 * Sections are laid out one after another, each after all that lead to it, and each column by column: what
 * a column leads to is numbered in the order in which it is met first.
 */
import { type Field, fieldsOf, NONE, ROWS, type RowSection, strideOf } from "../layout.ts";
import { roomFor } from "../room-for.ts";
import type { Stock } from "./stock.ts";
import type { Texts } from "./strings.ts";

export class Arrangement {
  readonly #stock: Stock;
  readonly #texts = new PlacedTexts();
  readonly #sections: Readonly<Record<RowSection, PlacedRows>>;

  constructor(stock: Stock) {
    this.#stock = stock;
    this.#sections = bySection((section) => new PlacedRows(section, stock.rows[section]));
  }

  /** Begins the next artifact: nothing is taken. */
  clear(): void {
    this.#texts.clear(this.#stock.strings.count);
    this.#texts.place(0);
    for (const section of SECTIONS) this.#sections[section].clear();
  }

  /** Takes rows that no other row leads to, or whose order is not theirs to say. */
  take(section: RowSection, first: number, count = 1): void {
    this.#sections[section].placeRun(first, count);
  }

  /**
   * All that was taken, and all that it leads to, until the next `clear`.
   *
   * @throws EncodeError for a text that an artifact does not take
   */
  layOut(): Arranged {
    const sections = bySection((section) => this.#layOut(section));
    const texts = this.#texts.of(this.#stock.strings.texts());
    const size = SECTIONS.reduce((sum, section) => sum + this.#sections[section].count, 0);
    return { sections, texts, size: size + texts.ends.length };
  }

  #layOut(section: RowSection): Uint32Array {
    const placed = this.#sections[section];
    const stride = strideOf(section);
    const words = placed.copy();
    for (const { field, at } of fieldsOf(section)) {
      const target = this.#targetOf(field);
      if (target === undefined) continue;
      if (field.kind === "run") (target as PlacedRows).placeRuns(words, at, stride);
      else target.placeColumn(words, at, stride);
    }
    return words;
  }

  /** What a column's numbers are rows of; undefined where they are numbers and nothing else. */
  #targetOf(field: Field): Placed | undefined {
    switch (field.kind) {
      case "text":
        return this.#texts;
      case "row":
      case "run":
        return this.#sections[field.of];
      case "methods":
      case "number":
        return undefined;
    }
  }
}

/** What was laid out; `size` is how many rows and texts there are. */
export interface Arranged {
  sections: Record<RowSection, Uint32Array>;
  texts: Texts;
  size: number;
}

/** Which rows of a section there are, in order, and which number each has got. */
class Placed {
  count = 0;
  /** Row in the artifact → row in the stock. */
  order = new Uint32Array(0);
  /** The other way round; NONE for what is not placed. */
  #numbers = new Uint32Array(0);

  /** @param rows how many there are in the stock */
  clear(rows: number): void {
    this.count = 0;
    this.order = roomFor(rows, this.order);
    this.#numbers = roomFor(rows, this.#numbers).fill(NONE, 0, rows);
  }

  /** The number of a row: the one it has, or the next. */
  place(row: number): number {
    const known = this.#numbers[row]!;
    return known === NONE ? this.append(row) : known;
  }

  /** In the place of rows of the stock, in one column of some words, puts their numbers. */
  placeColumn(words: Uint32Array, at: number, stride: number): void {
    const numbers = this.#numbers;
    for (let place = at; place < words.length; place += stride) {
      const row = words[place]!;
      if (row === NONE) continue;
      const known = numbers[row]!;
      words[place] = known === NONE ? this.append(row) : known;
    }
  }

  /** What is placed, as runs of rows of the stock, the last ones included: mostly they come in their order there. */
  *runs(): Generator<[first: number, last: number]> {
    const { order, count } = this;
    for (let at = 0; at < count;) {
      const first = order[at++]!;
      while (at < count && order[at] === order[at - 1]! + 1) at++;
      yield [first, order[at - 1]!];
    }
  }

  protected append(row: number): number {
    this.order[this.count] = row;
    this.#numbers[row] = this.count;
    return this.count++;
  }
}

class PlacedTexts extends Placed {
  #bytes = new Uint8Array(0);
  #ends = new Uint32Array(0);

  /** Of the texts of a stock those that are placed, in order. */
  of({ bytes, ends }: Texts): Texts {
    const { order, count } = this;
    this.#ends = roomFor(count, this.#ends);
    let end = 0;
    for (let id = 0; id < count; id++) {
      const from = order[id]!;
      this.#ends[id] = end += ends[from]! - startOf(from, ends);
    }
    this.#bytes = roomFor(end, this.#bytes);
    let at = 0;
    for (const [first, last] of this.runs()) {
      const run = bytes.subarray(startOf(first, ends), ends[last]);
      this.#bytes.set(run, at);
      at += run.length;
    }
    return { bytes: this.#bytes.subarray(0, end), ends: this.#ends.subarray(0, count) };
  }
}

function startOf(id: number, ends: Uint32Array): number {
  return id === 0 ? 0 : ends[id - 1]!;
}

class PlacedRows extends Placed {
  readonly #rows: { readonly count: number; readonly words: Uint32Array };
  readonly #stride: number;
  /** Where a row says whether its list goes on; undefined in sections without lists. */
  readonly #more: number | undefined;
  #output = new Uint32Array(0);

  constructor(section: RowSection, rows: { readonly count: number; readonly words: Uint32Array }) {
    super();
    this.#rows = rows;
    this.#stride = strideOf(section);
    this.#more = fieldsOf(section).find(({ name }) => name === "more")?.at;
  }

  override clear(): void {
    super.clear(this.#rows.count);
  }

  /** The rows that are placed, as the stock has them. */
  copy(): Uint32Array {
    const { count } = this;
    const stride = this.#stride;
    const from = this.#rows.words;
    this.#output = roomFor(count * stride, this.#output);
    const to = this.#output.subarray(0, count * stride);
    let at = 0;
    for (const [first, last] of this.runs()) {
      const run = from.subarray(first * stride, (last + 1) * stride);
      to.set(run, at);
      at += run.length;
    }
    return to;
  }

  /** The rest of a list stands behind its first row. */
  protected override append(row: number): number {
    const number = super.append(row);
    if (this.#more === undefined) return number;
    const { words } = this.#rows;
    for (let at = row; words[at * this.#stride + this.#more] === 1;) super.append(++at);
    return number;
  }

  /** The same as `placeColumn` for runs, which are two words each. */
  placeRuns(words: Uint32Array, at: number, stride: number): void {
    for (let place = at; place < words.length; place += stride) {
      const first = words[place]!;
      words[place] = this.count;
      this.placeRun(first, words[place + 1]!);
    }
  }

  placeRun(first: number, count: number): void {
    for (let row = first; row < first + count; row++) this.place(row);
  }
}

function bySection<T>(of: (section: RowSection) => T): Record<RowSection, T> {
  return Object.fromEntries(SECTIONS.map((section) => [section, of(section)])) as Record<
    RowSection,
    T
  >;
}

/** All sections, each behind those that lead to it. */
const SECTIONS: readonly RowSection[] = inOrder();

function inOrder(): RowSection[] {
  const found = new Set<RowSection>();
  const visit = (section: RowSection): void => {
    for (const field of Object.values<Field>(ROWS[section])) {
      if ((field.kind === "row" || field.kind === "run") && field.of !== section) {
        if (!found.has(field.of)) visit(field.of);
      }
    }
    found.add(section);
  };
  for (const section of Object.keys(ROWS) as RowSection[]) if (!found.has(section)) visit(section);
  return [...found].toReversed();
}
