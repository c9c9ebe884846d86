/**
 * Listed rows: which row each thing of a list has, list after list. Where a list is nearly the one before
 * it, only what is between the same ends is asked for: to touch each of 100,000 objects takes longer
 * than all that is done with their rows.
 */
import { sameEnds } from "../same-ends.ts";

export class ListedRows<T> {
  readonly #rowOf: (thing: T) => number;
  #list: readonly T[] = [];
  #rows = new Uint32Array(0);

  /** @param rowOf gives the same thing the same row, always */
  constructor(rowOf: (thing: T) => number) {
    this.#rowOf = rowOf;
  }

  /** The rows of a list, which is not changed any more. @throws what `rowOf` throws */
  of(list: readonly T[]): Uint32Array {
    const { first, last } = sameEnds(this.#list, list);
    const before = this.#rows;
    const rows = new Uint32Array(list.length);
    rows.set(before.subarray(0, first));
    rows.set(before.subarray(before.length - last), list.length - last);
    for (let at = first; at < list.length - last; at++) rows[at] = this.#rowOf(list[at]!);
    this.#list = list;
    this.#rows = rows;
    return rows;
  }
}
