/**
 * Golden cases: one file holds a tree and what the compiler says about it.
 *
 *     -- services/api.yaml --
 *     domain: api.example.com
 *     -- diagnostics --
 *     services/api.yaml:1:1-1:7 error BAL2003 missing-key: … / …
 *
 * A file's heading may say more in brackets: `(hex)` gives its bytes, `(repeat 3)` repeats its lines
 * with `{n}` as the number of the repetition, `(repeat-last 3)` its last line only, `(fault outside-tree)` makes the lines the reason why
 * it could not be read.
 */
import type { Diagnostic } from "../../compiler/diagnostic.ts";
import type { SourceFault, SourceFile } from "../../compiler/source-tree.ts";

export interface GoldenCase {
  files: SourceFile[];
  /** Everything up to the expectation, as it stands in the file. */
  input: string;
  expected: string;
}

const EXPECTATION = "-- diagnostics --\n";
/** Of a long list only its beginning and its end are kept. */
const LINES_MAX = 20;

/** Takes a golden file apart. */
export function parseGolden(text: string): GoldenCase {
  const at = text.indexOf(EXPECTATION);
  const input = at === -1 ? text : text.slice(0, at);
  const expected = at === -1 ? "" : text.slice(at + EXPECTATION.length);
  const parts = input.split(/^-- (\S+)(?: \((.*)\))? --\n/m).slice(1);
  const files: SourceFile[] = [];
  for (let i = 0; i < parts.length; i += 3) {
    const [path = "", option, body = ""] = parts.slice(i, i + 3) as [string?, string?, string?];
    files.push({ path, content: contentOf(body, option) });
  }
  return { files, input, expected };
}

/** A golden file of an input and what was said about it. */
export function formatGolden(input: string, diagnostics: readonly Diagnostic[]): string {
  return input + EXPECTATION + formatDiagnostics(diagnostics);
}

/** One line a diagnostic, one more for each note. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const lines = diagnostics.map(({ location, severity, code, name, message, help, notes }) => {
    const { file, start, end } = location;
    const place = `${file}:${start.line}:${start.column}-${end.line}:${end.column}`;
    const more = notes.map((note) => {
      const from = note.location?.start;
      return `\n  ${note.location?.file ?? ""}:${from?.line}:${from?.column} ${note.message}`;
    });
    return `${place} ${severity} ${code} ${name}: ${message} / ${help}${more.join("")}\n`;
  });
  if (lines.length <= LINES_MAX) return lines.join("");
  const left = lines.length - 4;
  return [...lines.slice(0, 2), `… ${left} more\n`, ...lines.slice(-2)].join("");
}

function contentOf(body: string, option = ""): SourceFile["content"] {
  const [kind, parameter = ""] = option.split(" ");
  if (kind === "hex") return Uint8Array.from(Buffer.from(body.replaceAll(/\s/g, ""), "hex"));
  if (kind === "fault") {
    return { fault: parameter as SourceFault["fault"], detail: body.trim() };
  }
  if (kind === "repeat" || kind === "repeat-last") {
    const from = kind === "repeat" ? 0 : body.lastIndexOf("\n", body.length - 2) + 1;
    const lines = body.slice(from);
    const copies = Array.from({ length: Number(parameter) }, (_, n) => lines.replaceAll("{n}", String(n)));
    return Buffer.from(body.slice(0, from) + copies.join(""));
  }
  return Buffer.from(body);
}
