/**
 * Ignores: `# balto-ignore BAL5101 drills take everything` on the line above a warning takes it away.
 * Errors cannot be ignored, and a comment that ignores nothing is itself warned of: what it was about
 * may have changed.
 */
import { type Code, listCodes } from "./codes.ts";
import type { DiagnosticLog } from "./diagnostic-log.ts";
import type { SourceText, Span } from "./source-text.ts";

/** A comment that is in order. */
export interface Ignore {
  at: Span;
  code: Code;
  /** The line that it is about, counted from 1: the first below that is no such comment. */
  line: number;
}

/** The comments of a file; those that cannot be understood are reported. */
export function readIgnores(source: SourceText, log: DiagnosticLog): Ignore[] {
  const { text } = source;
  if (!text.includes(MARK)) return [];
  const found: Ignore[] = [];
  for (const match of text.matchAll(COMMENT)) {
    const start = match.index + match[0].indexOf("#");
    const at = { source, start, end: match.index + match[0].length };
    const [code = "", ...reason] = (match[1] ?? "").trim().split(/\s+/);
    const fault = faultOf(code, reason.join(" "));
    if (fault !== undefined) log.report("BAL5105", at, { reason: fault });
    else found.push({ at, code: code as Code, line: source.position(start).line + 1 });
  }
  // Comments in a row are all about the line below the last one.
  const isComment = new Set(found.map(({ line }) => line - 1));
  for (const ignore of found) while (isComment.has(ignore.line)) ignore.line++;
  return found;
}

/** Takes away the warnings that comments name; reports comments that name none. */
export function applyIgnores(ignores: readonly Ignore[], log: DiagnosticLog): void {
  if (ignores.length === 0) return;
  const taken = log.withdraw(
    ignores.map(({ at, code, line }) => ({ file: at.source.path, line, code })),
  );
  // After an error not every warning was looked for.
  if (log.hasErrors) return;
  ignores.forEach(({ at, code }, index) => {
    if (taken[index] === false) log.report("BAL5104", at, { code });
  });
}

const MARK = "balto-ignore";
/** A comment that has its line for itself. */
const COMMENT = /^[ \t]*#[ \t]*balto-ignore(?![\w-])(.*)$/gm;

function faultOf(code: string, reason: string): string | undefined {
  if (code === "") return "this comment does not say what to ignore";
  const known = listCodes().find((one) => String(one.code) === code);
  if (known === undefined) return `"${code}" is not the code of a warning`;
  if (known.severity === "error") return `${code} is an error, and errors cannot be ignored`;
  return reason === "" ? `this comment does not say why ${code} is no mistake` : undefined;
}
