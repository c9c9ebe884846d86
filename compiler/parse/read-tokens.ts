/**
 * The first half of reading YAML: text to the yaml package's syntax tokens, within limits. What
 * would cost time or stack in the second half (depth, anchors, sheer size) is stopped here, while
 * each token still costs a microsecond. What Balto does not support at all is reported here too.
 */
import { CST, Lexer, Parser } from "yaml";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { SourceText, Span } from "../source-text.ts";

/** Deepest nesting of values; the deepest key of Balto is at 5. */
const DEPTH_MAX = 64;
/** Anchors of a file: far more than anyone keeps apart. */
const ANCHORS_MAX = 1_000;
/** Tokens of a file: some 10,000 services. The yaml package takes 1–2 µs and 200 bytes for each. */
export const TOKENS_MAX = 500_000;

export interface Tokens {
  tokens: CST.Token[];
  /** Offset of the quoted text that reaches the end of the file, perhaps for want of a quote. */
  lastQuote: number | undefined;
  /** Offset of the innermost bracket that is not closed. */
  openBracket: number | undefined;
}

/** The tokens of a file in order, or undefined after an error that leaves nothing to go on with. */
export function readTokens(source: SourceText, log: DiagnosticLog): Tokens | undefined {
  const lexer = new Lexer();
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const brackets: number[] = [];
  let lastQuote: number | undefined;
  let count = 0;
  let anchors = 0;
  let content = false;
  for (const lexeme of lexer.lex(source.text)) {
    const start = parser.offset;
    if (++count > TOKENS_MAX) {
      log.report("BAL1032", spanOf(source, start, lexeme), { limit: TOKENS_MAX });
      return undefined;
    }
    // A mark announces that the next lexeme is the content of a plain or block scalar.
    if (!content) {
      const first = lexeme[0];
      if (first === "&" && ++anchors > ANCHORS_MAX) {
        log.report("BAL1026", spanOf(source, start, lexeme), { limit: ANCHORS_MAX });
        return undefined;
      }
      if (first === "!") log.report("BAL1023", spanOf(source, start, lexeme), { tag: lexeme });
      if (first === "%") {
        log.report("BAL1024", spanOf(source, start, lexeme), { directive: lexeme.trim() });
      }
      if (first === "[" || first === "{") brackets.push(start);
      if (first === "]" || first === "}") brackets.pop();
      const atEnd = start + lexeme.length === source.text.length;
      if (atEnd && (first === '"' || first === "'")) lastQuote = start;
    }
    if (log.isFull(source.path)) return undefined;
    content = lexeme === CST.SCALAR;
    for (const token of parser.next(lexeme)) tokens.push(token);
    // Above the values stand the document and, in an item, its list.
    if (parser.stack.length > DEPTH_MAX + 1) {
      log.report("BAL1027", spanOf(source, start, lexeme), { limit: DEPTH_MAX });
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens, lastQuote, openBracket: brackets.at(-1) };
}

function spanOf(source: SourceText, start: number, lexeme: string): Span {
  return { source, start, end: start + lexeme.length };
}
