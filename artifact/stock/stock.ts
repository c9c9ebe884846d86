/**
 * Stock: every distinct row and text that models have needed so far, each numbered as it came. What is in
 * it is never changed and never taken out, so a number once given stays right; which rows an artifact
 * has, and in which order, is arrangement.ts's.
 *
 * Here are the parts that everything else is put together from; each kind of thing has its own file.
 */
import { EncodeError } from "../encode-error.ts";
import { METHODS_MAX, ROWS, type RowSection } from "../layout.ts";
import type { Origin } from "../model.ts";
import { Rows } from "./rows.ts";
import { Strings } from "./strings.ts";

export type StockRows = { readonly [S in RowSection]: Rows<S> };

/** Hardly a place is further to the right; this times a line is a whole number still. */
const COLUMNS = 2 ** 21;

export class Stock {
  readonly rows = Object.fromEntries(
    (Object.keys(ROWS) as RowSection[]).map((section) => [section, new Rows(section)]),
  ) as unknown as StockRows;
  readonly strings = new Strings();
  readonly #methodBits: ReadonlyMap<string, number>;
  readonly #methods: string;
  #lastWord: string | undefined;
  #lastWordRow = 0;
  /** What neighbours mostly have in common. */
  #lastFile: string | undefined;
  #lastFileId = 0;
  /** By line and column, as one number where they fit. */
  readonly #positions = new Map<number, number>();

  /**
   * @param methods every method that any service names, in any order
   * @throws EncodeError for more than an artifact's bits
   */
  constructor(methods: ReadonlySet<string>) {
    if (methods.size > METHODS_MAX) throw new EncodeError(`more than ${METHODS_MAX} methods`);
    const names = [...methods].toSorted();
    for (const name of names) this.rows.methods.add({ name: this.text(name) });
    this.#methodBits = new Map(names.map((name, bit) => [name, 1 << bit]));
    this.#methods = names.join(" ");
  }

  /** Whether its bits are those of just these methods. */
  hasMethods(methods: ReadonlySet<string>): boolean {
    return [...methods].toSorted().join(" ") === this.#methods;
  }

  /** How many rows and texts it holds. */
  get size(): number {
    return Object.values(this.rows).reduce((sum, { count }) => sum + count, this.strings.count);
  }

  text(text: string): number {
    return this.strings.id(text);
  }

  /** The first row of a list of texts; undefined for the empty list. */
  words(texts: readonly string[]): number | undefined {
    if (texts.length === 0) return undefined;
    // The services of one host follow each other.
    if (texts.length === 1 && texts[0] === this.#lastWord) return this.#lastWordRow;
    const first = this.rows.words.list(texts.map((text) => ({ text: this.text(text) })));
    if (texts.length === 1 && first !== undefined) {
      this.#lastWord = texts[0]!;
      this.#lastWordRow = first;
    }
    return first;
  }

  /** The bits of a set of methods that the constructor was told of. */
  methods(names: readonly string[]): number {
    return names.reduce((bits, name) => bits | this.#methodBits.get(name)!, 0) >>> 0;
  }

  /** The number of the file of a place. */
  file({ file }: Origin): number {
    if (file !== this.#lastFile) {
      this.#lastFile = file;
      this.#lastFileId = this.text(file);
    }
    return this.#lastFileId;
  }

  /** The row of the place in its file. */
  position({ line, column }: Origin): number {
    if (column >= COLUMNS) return this.rows.positions.once({ line, column });
    const key = line * COLUMNS + column;
    let row = this.#positions.get(key);
    if (row === undefined)
      this.#positions.set(key, (row = this.rows.positions.add({ line, column })));
    return row;
  }
}
