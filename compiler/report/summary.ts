/** The counts of a report, and the line that says them. */
import type { Diagnostic } from "../diagnostic.ts";

export interface Counts {
  errors: number;
  warnings: number;
  /** Files that have at least one diagnostic. */
  files: number;
}

export function count(diagnostics: readonly Diagnostic[]): Counts {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const files = new Set(diagnostics.map((diagnostic) => diagnostic.location.file));
  return { errors, warnings: diagnostics.length - errors, files: files.size };
}

/** `3 errors, 1 warning in 2 files`. */
export function summary(diagnostics: readonly Diagnostic[]): string {
  const { errors, warnings, files } = count(diagnostics);
  const parts: string[] = [];
  if (errors > 0 || warnings === 0) parts.push(plural(errors, "error"));
  if (warnings > 0) parts.push(plural(warnings, "warning"));
  const where = files === 0 ? "" : ` in ${plural(files, "file")}`;
  return parts.join(", ") + where;
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
