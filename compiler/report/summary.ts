/** The counts of a report, and the line that says them. */
import type { Diagnostic } from "../diagnostic.ts";
import { counted } from "./counted.ts";

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
  if (errors > 0 || warnings === 0) parts.push(counted(errors, "error"));
  if (warnings > 0) parts.push(counted(warnings, "warning"));
  const where = files === 0 ? "" : ` in ${counted(files, "file")}`;
  return parts.join(", ") + where;
}
