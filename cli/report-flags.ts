/**
 * How a compile is reported, the same for every command that compiles: text goes to stderr. A
 * report in a machine format is data and goes to stdout, unless stdout carries the artifact.
 */
import { REPORT_FORMATS } from "../compiler/report/index.ts";
import type { ReportFormat } from "../compiler/report/index.ts";
import type { Flags } from "./command.ts";
import { reportText } from "./compiled-folder.ts";
import type { CompiledFolder } from "./compiled-folder.ts";
import type { Terminal } from "./terminal.ts";

export const REPORT_FLAGS = {
  format: {
    type: "string",
    value: "FORMAT",
    choices: REPORT_FORMATS,
    summary: "Format of the diagnostics",
  },
  quiet: { type: "boolean", short: "q", summary: "Say nothing but diagnostics" },
} as const satisfies Flags;

/** Prints the diagnostics; a text report without any is nothing. */
export function printReport(
  compiled: CompiledFolder,
  format: ReportFormat,
  terminal: Terminal,
  outIsTaken = false,
): void {
  const text = reportText(compiled, format, terminal);
  if (text === "") return;
  if (format === "text" || outIsTaken) terminal.note(text);
  else terminal.out(text);
}
