/**
 * Workflow commands of GitHub Actions: each diagnostic becomes an annotation on its line of the
 * pull request. Frames are left out, for GitHub shows the line itself.
 */
import type { Diagnostic, Note } from "../diagnostic.ts";
import type { ReportInput } from "./formatter.ts";
import { printedPath } from "./printed-path.ts";

export function github({ diagnostics, prefix }: ReportInput): string {
  return diagnostics.map((diagnostic) => `${command(diagnostic, prefix)}\n`).join("");
}

function command(diagnostic: Diagnostic, prefix: string): string {
  const { code, name, severity, message, location, notes, help } = diagnostic;
  const { file, start, end } = location;
  const properties: [string, string][] = [
    ["file", printedPath(prefix, file)],
    ["line", String(start.line)],
    ["col", String(start.column)],
    ["endLine", String(Math.max(end.line, start.line))],
    ["endColumn", String(end.column)],
    ["title", `${code} ${name}`],
  ];
  const lines = [message, ...notes.map((note) => noteLine(note, prefix))];
  if (help !== "") lines.push(`help: ${help}`);
  const list = properties.map(([key, value]) => `${key}=${escapeProperty(value)}`).join(",");
  return `::${severity} ${list}::${escapeData(lines.join("\n"))}`;
}

function noteLine({ message, location }: Note, prefix: string): string {
  if (location === undefined) return `note: ${message}`;
  const { file, start } = location;
  return `note: ${printedPath(prefix, file)}:${start.line}:${start.column} ${message}`;
}

/** A line end would end the command, and what follows could be one of its own. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
