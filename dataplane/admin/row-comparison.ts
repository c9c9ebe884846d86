/**
 * Row comparison: whether rows of two artifacts say the same, with all that they lead to. Where they were
 * written does not matter. Nothing is put together for it, so a hundred thousand rows take some
 * hundredths of a second.
 */
import {
  type Field,
  fieldsOf,
  NONE,
  ROWS,
  type RowSection,
  strideOf,
} from "../../artifact/layout.ts";
import { methodNames } from "../../artifact/decode.ts";
import type { View } from "../../artifact/view.ts";
import { isOrigin, RUN_MAX } from "./row-content.ts";

/** Rows that nearly each of those that lead to them has for itself: what was found of one is of no further use. */
const OWN: ReadonlySet<string> = new Set(["services", "routes", "pools", "backends"]);

const SHAPES = Object.fromEntries(
  (Object.keys(ROWS) as RowSection[]).map((section) => {
    const fields = fieldsOf(section).filter(({ name }) => !isOrigin(name));
    return [section, { fields, stride: strideOf(section), isOwn: OWN.has(section) }];
  }),
) as unknown as Record<
  RowSection,
  { fields: ReturnType<typeof fieldsOf>; stride: number; isOwn: boolean }
>;

export class RowComparison {
  readonly #before: View;
  readonly #after: View;
  readonly #hasSameMethods: boolean;
  /** By section: which row of the one is which row of the other. */
  readonly #same = new Map<RowSection, Map<number, number>>();

  constructor(before: View, after: View) {
    this.#before = before;
    this.#after = after;
    const names = (view: View) => methodNames(view, NONE).join(" ");
    this.#hasSameMethods = names(before) === names(after);
  }

  isSame(section: RowSection, was: number, is: number): boolean {
    if (SHAPES[section].isOwn) return this.#isSameRow(section, was, is);
    let known = this.#same.get(section);
    if (known === undefined) this.#same.set(section, (known = new Map()));
    if (known.get(was) === is) return true;
    if (!this.#isSameRow(section, was, is)) return false;
    known.set(was, is);
    return true;
  }

  #isSameRow(section: RowSection, was: number, is: number): boolean {
    const { fields, stride } = SHAPES[section];
    const before = this.#before[section];
    const after = this.#after[section];
    for (const { name, field, at } of fields) {
      const [from, to] = [was * stride + at, is * stride + at];
      const isSame =
        field.kind === "run"
          ? this.#isSameRun(field.of, before[from]!, before[from + 1]!, after[to]!, after[to + 1]!)
          : this.#isSameValue(field, before[from]!, after[to]!);
      if (!isSame) return false;
      // A list is its first row, and those behind it as long as they say so.
      if (name === "more" && before[from] === 1) return this.#isSameRow(section, was + 1, is + 1);
    }
    return true;
  }

  #isSameValue(field: Exclude<Field, { kind: "run" }>, was: number, is: number): boolean {
    switch (field.kind) {
      case "number":
        return was === is;
      case "text":
        return this.#isSameText(was, is);
      case "methods":
        return this.#hasSameMethods
          ? was === is
          : methodNames(this.#before, was).join() === methodNames(this.#after, is).join();
      case "row":
        return was === NONE || is === NONE ? was === is : this.isSame(field.of, was, is);
    }
  }

  #isSameRun(of: RowSection, was: number, length: number, is: number, count: number): boolean {
    if (length !== count) return false;
    if (count > RUN_MAX) return true;
    for (let row = 0; row < count; row++) if (!this.isSame(of, was + row, is + row)) return false;
    return true;
  }

  #isSameText(was: number, is: number): boolean {
    const { strings: one, stringEnds: ends } = this.#before;
    const { strings: other, stringEnds: otherEnds } = this.#after;
    const start = was === 0 ? 0 : ends[was - 1]!;
    const first = is === 0 ? 0 : otherEnds[is - 1]!;
    const length = ends[was]! - start;
    if (length !== otherEnds[is]! - first) return false;
    for (let at = 0; at < length; at++) {
      if (one[start + at] !== other[first + at]) return false;
    }
    return true;
  }
}
