/**
 * What every report format has in common: what it is given and what it gives back. A formatter is
 * pure; where its text goes is the command's business.
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { SourceTree } from "../source-tree.ts";

export interface ReportInput {
  /** In the order to print them. */
  diagnostics: readonly Diagnostic[];
  /** The tree they are about: code frames are cut from it. */
  tree: SourceTree;
  /** Goes before each path of the tree (`configs`), so that a reader can open what is printed. */
  prefix: string;
  /** Version of Balto, for formats that name their tool. */
  version: string;
}

export interface ReportOptions {
  /** Whether ANSI colours may be used; only the text format does. */
  colour: boolean;
  /** Columns a line of a code frame may take. */
  columns: number;
}

/** The whole report, with a line end after each line. */
export type Formatter = (input: ReportInput, options: ReportOptions) => string;
