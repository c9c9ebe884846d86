/**
 * The report for people.
 *
 *     configs/services/api.yaml:4:5 error BAL2001 unknown-key: there is no key "domian" here
 *         |
 *       4 |   - domian: api.example.com
 *         |     ^^^^^^
 *       help: did you mean "domain"?
 */
import type { Diagnostic, Location, Note } from "../diagnostic.ts";
import { painter } from "./colour.ts";
import type { Paint } from "./colour.ts";
import type { ReportInput, ReportOptions } from "./formatter.ts";
import { frame } from "./frame.ts";
import { printable } from "./printable.ts";
import { printedPath } from "./printed-path.ts";
import { sourceLines } from "./source-lines.ts";
import type { LineAt } from "./source-lines.ts";
import { summary } from "./summary.ts";

interface Context {
  prefix: string;
  paint: Paint;
  columns: number;
  lineAt: LineAt;
}

/** Nothing at all when there are no diagnostics. */
export function text(input: ReportInput, options: ReportOptions): string {
  if (input.diagnostics.length === 0) return "";
  const context: Context = {
    prefix: input.prefix,
    paint: painter(options.colour),
    columns: options.columns,
    lineAt: sourceLines(input.tree),
  };
  const blocks = input.diagnostics.map((diagnostic) => block(diagnostic, context).join("\n"));
  return `${[...blocks, summary(input.diagnostics)].join("\n\n")}\n`;
}

function block(diagnostic: Diagnostic, context: Context): string[] {
  const { paint, columns, lineAt } = context;
  const { code, name, severity, message, location, help } = diagnostic;
  const rows = [
    `${place(location, context)} ${paint(severity, `${severity} ${code}`)} ${name}: ${message}`,
    ...frame(location, lineAt, { paint, role: severity, columns }),
  ];
  for (const each of diagnostic.notes) rows.push(...note(each, context));
  if (help !== "") rows.push(`  ${paint("help", "help:")} ${help}`);
  return rows;
}

function note({ message, location }: Note, context: Context): string[] {
  const { paint, columns, lineAt } = context;
  const label = paint("note", "note:");
  if (location === undefined) return [`  ${label} ${message}`];
  return [
    `  ${label} ${place(location, context)} ${message}`,
    ...frame(location, lineAt, { paint, role: "note", columns }),
  ];
}

function place({ file, start }: Location, { prefix, paint }: Context): string {
  return paint("place", `${printable(printedPath(prefix, file))}:${start.line}:${start.column}`);
}
