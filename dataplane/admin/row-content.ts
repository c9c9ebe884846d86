/**
 * Row content: a row of an artifact with all that it leads to, as one text. Two rows of two artifacts
 * say the same where their texts are equal; where they were written does not matter.
 */
import { createHash } from "node:crypto";

import { methodNames } from "../../artifact/decode.ts";
import { type Field, fieldsOf, NONE, type RowSection } from "../../artifact/layout.ts";
import { RowReader, type View } from "../../artifact/view.ts";

/** Longer runs are tables that were computed from the rest. */
export const RUN_MAX = 1_024;

/** Texts that are kept to be used again. */
const SHARED_MAX = 1_000;

/** Reads rows of one view. */
export class RowContent {
  readonly #view: View;
  readonly #readers = new Map<RowSection, RowReader<RowSection>>();
  /** The pool that was read last: services that share one often follow each other. */
  #pool = { row: NONE, digest: "" };
  /** Policies, which many services and pools share, by section and row. */
  readonly #shared = new Map<string, string>();

  constructor(view: View) {
    this.#view = view;
  }

  of(section: RowSection, row: number): string {
    let reader = this.#readers.get(section);
    if (reader === undefined) {
      reader = new RowReader<RowSection>(this.#view, section);
      this.#readers.set(section, reader);
    }
    let text = "";
    let goesOn = false;
    for (const { name, field } of fieldsOf(section)) {
      if (isOrigin(name)) continue;
      text += `${this.#field(reader, row, name as Name, field)}\n`;
      // A list is its first row, and those behind it as long as they say so.
      if (name === "more") goesOn = reader.number(row, name as Name) === 1;
    }
    return goesOn ? text + this.of(section, row + 1) : text;
  }

  /** One of many backends is no text to be kept for each of its services. */
  #poolDigest(row: number): string {
    if (this.#pool.row !== row) {
      const digest = createHash("sha256").update(this.of("pools", row)).digest("base64");
      this.#pool = { row, digest };
    }
    return this.#pool.digest;
  }

  #sharedText(section: RowSection, row: number): string {
    const key = `${section} ${row}`;
    let text = this.#shared.get(key);
    if (text === undefined) {
      text = this.of(section, row);
      if (this.#shared.size < SHARED_MAX) this.#shared.set(key, text);
    }
    return text;
  }

  #field(reader: RowReader<RowSection>, row: number, name: Name, field: Field): string {
    switch (field.kind) {
      case "number":
        return String(reader.number(row, name));
      case "text":
        return reader.text(row, name);
      case "methods":
        return methodNames(this.#view, reader.number(row, name)).join(",");
      case "row": {
        if (field.of === "words") return reader.words(row, name).join("\t");
        const other = reader.number(row, name);
        if (other === NONE) return "";
        return field.of === "pools" ? this.#poolDigest(other) : this.#sharedText(field.of, other);
      }
      case "run": {
        const { first, count } = reader.run(row, name);
        if (count > RUN_MAX) return String(count);
        let text = "";
        for (let other = first; other < first + count; other++) text += this.of(field.of, other);
        return text;
      }
    }
  }
}

/** Whether a field says where something was written. */
export function isOrigin(name: string): boolean {
  return name === "file" || name === "position";
}

/** No field is in every section, which is what a reader of any section asks for. */
type Name = never;
