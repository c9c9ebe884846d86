/**
 * The report for programs. Its version follows Terraform's promise: a minor step adds, a major step
 * may break, so a reader refuses a major version that it does not know.
 */
import type { Diagnostic, Location, Note, Position } from "../diagnostic.ts";
import type { ReportInput } from "./formatter.ts";
import { printedPath } from "./printed-path.ts";
import { count } from "./summary.ts";
import type { Counts } from "./summary.ts";

const JSON_FORMAT_VERSION = "1.0";

/** What the JSON report holds; columns count UTF-16 units from 1, and `end` is exclusive. */
export interface JsonReport {
  format_version: string;
  summary: Counts;
  diagnostics: JsonDiagnostic[];
}

export interface JsonDiagnostic {
  code: string;
  name: string;
  severity: "error" | "warning";
  message: string;
  file: string;
  start: Position;
  end: Position;
  notes: JsonNote[];
  help: string;
}

export interface JsonNote {
  message: string;
  file?: string;
  start?: Position;
  end?: Position;
}

export function json({ diagnostics, prefix }: ReportInput): string {
  const report: JsonReport = {
    format_version: JSON_FORMAT_VERSION,
    summary: count(diagnostics),
    diagnostics: diagnostics.map((diagnostic) => jsonDiagnostic(diagnostic, prefix)),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** One diagnostic as the report has it; the API gives the same. */
export function jsonDiagnostic(diagnostic: Diagnostic, prefix: string): JsonDiagnostic {
  const { code, name, severity, message, location, notes, help } = diagnostic;
  return {
    code,
    name,
    severity,
    message,
    ...range(location, prefix),
    notes: notes.map((note) => noteEntry(note, prefix)),
    help,
  };
}

function noteEntry({ message, location }: Note, prefix: string): JsonNote {
  return location === undefined ? { message } : { message, ...range(location, prefix) };
}

function range(location: Location, prefix: string): Pick<JsonDiagnostic, "file" | "start" | "end"> {
  return {
    file: printedPath(prefix, location.file),
    start: location.start,
    end: location.end,
  };
}
