/**
 * Diagnostics: what the compiler has to say about a tree, as data. How they are printed is
 * `compiler/report/`'s business; which there are is `compiler/codes.ts`'s.
 */
import type { Severity } from "./codes/entry.ts";
import type { Code } from "./codes.ts";

/** Both count from 1; a column counts UTF-16 code units, as editors do. */
export interface Position {
  line: number;
  column: number;
}

/** A half-open range of one file of the tree; `file` is relative to the tree, `/`-separated. */
export interface Location {
  file: string;
  start: Position;
  end: Position;
}

/** A further place that a diagnostic speaks of. */
export interface Note {
  message: string;
  location?: Location;
}

export interface Diagnostic {
  /** `BAL2001`: stable, never used again for anything else. */
  code: Code;
  /** The code's name in words, `unknown-key`. */
  name: string;
  severity: Severity;
  message: string;
  location: Location;
  notes: Note[];
  /** What to do about it. */
  help: string;
}
