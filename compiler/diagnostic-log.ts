/**
 * The log: every stage reports here and goes on. It is where a code, its parameters and a span
 * become a diagnostic, and the only place that cleans texts of what a terminal would obey.
 */
import { byText } from "../artifact/by-text.ts";
import { type Code, describe, type Params } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { locate, type Span } from "./source-text.ts";

/** A further place, before it has line and column. */
export interface SpanNote {
  message: string;
  span: Span;
}

/** A message longer than this is cut. UTF-16 units; a terminal's screen is about 2,000. */
const TEXT_MAX = 600;

/** More of one file help nobody, and 8 MiB of wrong keys would take a gigabyte to list. */
const FILE_DIAGNOSTICS_MAX = 1_000;

export class DiagnosticLog {
  #entries = new Map<string, Diagnostic>();
  #countByFile = new Map<string, number>();
  #errors = 0;

  /** The same thing said twice of one place (an alias is visited twice) is said once. */
  report<C extends Code>(code: C, at: Span, params: Params<C>, notes: SpanNote[] = []): void {
    const file = at.source.path;
    const count = this.#countByFile.get(file) ?? 0;
    if (count > FILE_DIAGNOSTICS_MAX) return;
    const { name, severity, message, help } = describe(code, params);
    const key = `${file}\0${at.start}\0${at.end}\0${code}\0${message}`;
    if (this.#entries.has(key)) return;
    this.#countByFile.set(file, count + 1);
    if (count === FILE_DIAGNOSTICS_MAX && code !== "BAL1033") {
      this.#countByFile.set(file, count);
      this.report("BAL1033", at, { limit: FILE_DIAGNOSTICS_MAX });
      return;
    }
    if (severity === "error") this.#errors++;
    this.#entries.set(key, {
      code,
      name,
      severity,
      message: printable(message),
      location: locate(at),
      notes: notes.map((note) => ({
        message: printable(note.message),
        location: locate(note.span),
      })),
      help: printable(help),
    });
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** True where something was reported in a file, even if it was withdrawn since. */
  speaksOf(path: string): boolean {
    return this.#countByFile.has(path);
  }

  /** Takes over what the log of one file has. */
  take(other: DiagnosticLog): void {
    for (const [key, entry] of other.#entries) this.#entries.set(key, entry);
    for (const [file, count] of other.#countByFile) this.#countByFile.set(file, count);
    this.#errors += other.#errors;
  }

  /** True where nothing more is listed for a file: a stage may stop looking for more. */
  isFull(path: string): boolean {
    return (this.#countByFile.get(path) ?? 0) > FILE_DIAGNOSTICS_MAX;
  }

  /** Takes away the warnings at some lines, by code; says for each place whether there was one. */
  withdraw(places: readonly { file: string; line: number; code: Code }[]): boolean[] {
    const keyOf = (file: string, line: number, code: Code): string => `${file}\0${line}\0${code}`;
    const wanted = new Set(places.map(({ file, line, code }) => keyOf(file, line, code)));
    const found = new Set<string>();
    for (const [key, { location, code, severity }] of this.#entries) {
      const place = keyOf(location.file, location.start.line, code);
      if (severity === "error" || !wanted.has(place)) continue;
      found.add(place);
      this.#entries.delete(key);
    }
    return places.map(({ file, line, code }) => found.has(keyOf(file, line, code)));
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** Everything reported, by file, line, column and code. */
  sorted(): Diagnostic[] {
    return [...this.#entries.values()].toSorted(compare);
  }
}

function compare(a: Diagnostic, b: Diagnostic): number {
  const [p, q] = [a.location, b.location];
  return (
    byText(p.file, q.file) ||
    p.start.line - q.start.line ||
    p.start.column - q.start.column ||
    byText(a.code, b.code) ||
    byText(a.message, b.message)
  );
}

/** Controls, line ends, lone surrogates and marks that turn the direction of writing, made visible. */
function printable(text: string): string {
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  return cut.toWellFormed().replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what it is for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
