/** The predicates of a stock, and the automata of their expressions. */
import { EncodeError } from "../encode-error.ts";
import { BYTE_CLASS_ROWS } from "../layout.ts";
import { type Predicate, PREDICATE_KINDS, PREDICATE_SUBJECTS } from "../model.ts";
import { type Automaton, compileRegex } from "../regex/automaton.ts";
import type { Stock } from "./stock.ts";

export class Predicates {
  readonly #stock: Stock;
  readonly #lists = new Map<string, number>();
  readonly #automata = new Map<string, number>();

  constructor(stock: Stock) {
    this.#stock = stock;
  }

  /**
   * The first row of a list of predicates; undefined where there are none.
   *
   * @throws EncodeError
   */
  row(predicates: readonly Predicate[]): number | undefined {
    if (predicates.length === 0) return undefined;
    const stock = this.#stock;
    const rows = predicates.map(({ subject, kind, name, value }) => ({
      subject: PREDICATE_SUBJECTS.indexOf(subject),
      kind: PREDICATE_KINDS.indexOf(kind),
      name: stock.text(name),
      value: stock.text(value),
    }));
    const key = rows.map((row) => Object.values(row).join(" ")).join(",");
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const first = stock.rows.predicates.count;
    rows.forEach((row, index) => {
      const { kind, value } = predicates[index]!;
      const automaton = kind === "regex" ? this.#automaton(value) : undefined;
      stock.rows.predicates.add({ ...row, automaton, more: Number(index + 1 < rows.length) });
    });
    this.#lists.set(key, first);
    return first;
  }

  #automaton(regex: string): number {
    const known = this.#automata.get(regex);
    if (known !== undefined) return known;
    const automaton = compileRegex(regex);
    if ("reason" in automaton) throw new EncodeError(`expression ${regex} ${automaton.reason}`);
    const { states, classes, start, accepting, steps } = automaton;
    const { rows } = this.#stock;
    const classOf = { first: rows.byteClasses.count, count: BYTE_CLASS_ROWS };
    rows.byteClasses.append(fours(automaton));
    const table = { first: rows.steps.count, count: steps.length };
    rows.steps.append(steps);
    const row = { states, classes, start, accepting, classOf, steps: table };
    const number = rows.automata.add(row);
    this.#automata.set(regex, number);
    return number;
  }
}

/** The classes of all bytes, four in a number. */
function fours({ classOf }: Automaton): Uint32Array {
  const rows = new Uint32Array(BYTE_CLASS_ROWS);
  classOf.forEach((number, byte) => {
    rows[byte >>> 2] = (rows[byte >>> 2]! | (number << ((byte & 3) << 3))) >>> 0;
  });
  return rows;
}
