/**
 * Parse: a file becomes a tree of nodes. A file whose YAML is broken gives its errors and no tree;
 * the others go on.
 */
import {
  Composer,
  type Document,
  type ErrorCode,
  type ParsedNode,
  type YAMLParseError,
} from "yaml";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { SourceText, Span } from "../source-text.ts";
import { buildTree } from "./build-tree.ts";
import type { ConfigFile, Role } from "./collect-files.ts";
import { decodeText } from "./decode-text.ts";
import { readPlain } from "./plain-yaml.ts";
import { readTokens, type Tokens } from "./read-tokens.ts";
import type { YamlNode } from "./yaml-node.ts";

export interface ParsedFile {
  role: Role;
  source: SourceText;
  root: YamlNode;
}

/** Broken YAML breaks what follows it: beyond this many the errors of one file say nothing new. */
const SYNTAX_ERRORS_MAX = 20;

/** Parses a file; undefined after an error in its YAML, or where there is nothing in it. */
export function parse(
  { path, role, bytes }: ConfigFile,
  log: DiagnosticLog,
): ParsedFile | undefined {
  const source = decodeText(path, bytes, log);
  if (source === undefined) return undefined;
  const root = readPlain(source) ?? readAny(source, log);
  if (root !== "empty") return root && { role, source, root };
  if (role !== "config") log.report("BAL5004", source.top, {});
  return undefined;
}

/** Reads whatever YAML there is, by the yaml package; undefined after an error. */
export function readAny(source: SourceText, log: DiagnosticLog): YamlNode | "empty" | undefined {
  const contents = compose(source, log);
  return typeof contents === "object" ? buildTree(contents, source, log) : contents;
}

/** The contents of the file's one document. */
function compose(source: SourceText, log: DiagnosticLog): ParsedNode | "empty" | undefined {
  const read = readTokens(source, log);
  if (read === undefined) return undefined;
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // Checked in build-tree.ts: here it would take time in the square of the keys.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents = [...composer.compose(read.tokens)] as Document.Parsed[];
  const [first, second] = documents;
  const errors = [
    ...documents.flatMap((document) => document.errors),
    ...composer.streamInfo().errors,
  ]
    // Tags are reported by read-tokens.ts, whatever the package thinks of them.
    .filter(({ code }) => code !== "TAG_RESOLVE_FAILED")
    .toSorted((a, b) => a.pos[0] - b.pos[0]);
  for (const error of errors.slice(0, SYNTAX_ERRORS_MAX)) reportSyntax(error, read, source, log);
  if (errors.length > 0) return undefined;
  if (second !== undefined) {
    log.report("BAL1022", within(source, [second.range[0], second.range[0] + 3]), {});
  }
  const contents = first?.contents ?? undefined;
  if (contents === undefined) return "empty";
  const [start, end] = contents.range;
  return source.text.slice(start, end).trim() === "" ? "empty" : contents;
}

/** The package notes at the end of the file what is not closed: where it began is what helps. */
function reportSyntax(
  { pos, code, message }: YAMLParseError,
  { lastQuote, openBracket }: Tokens,
  source: SourceText,
  log: DiagnosticLog,
): void {
  const open = message.startsWith("Missing closing")
    ? lastQuote
    : /end with a [\]}]$/.test(message)
      ? openBracket
      : undefined;
  if (open === undefined) {
    log.report("BAL1020", within(source, pos), { message: message.trim(), hint: HINTS[code] });
    return;
  }
  const mark = source.text.charAt(open);
  const closing = { "[": "]", "{": "}" }[mark] ?? mark;
  const params = { message: `${mark} is not closed`, hint: `add the closing ${closing}` };
  log.report("BAL1020", { source, start: open, end: open + 1 }, params);
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "indent with spaces, the keys of one mapping in one column",
  MISSING_CHAR: "look for a quote, bracket, comma or colon that is missing before this place",
  BAD_SCALAR_START: "quote the value",
  BLOCK_AS_IMPLICIT_KEY: "quote the value if the colon belongs to it, else begin a new line",
  MULTILINE_IMPLICIT_KEY: "look for a missing colon, or a missing dash",
  BAD_ALIAS: "quote the value if it is text that begins with * or &",
};

function within(source: SourceText, [start, end]: readonly [number, number]): Span {
  const length = source.text.length;
  return { source, start: Math.min(start, length), end: Math.min(Math.max(start, end), length) };
}
