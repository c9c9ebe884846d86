/**
 * Plain YAML: the part of YAML that configurations are mostly written in, read in one pass: block
 * mappings and lists, flow ones on one line, plain and simply quoted scalars, comments.
 *
 * Whatever is not surely that (anchors, escapes, block scalars, odd numbers, doubtful indentation, every
 * mistake) is left to the yaml package: `readPlain` gives up without a word, and the file is read anew.
 * So there is one judge of what YAML means and one voice for what is wrong with it, and a test holds
 * that both readers give the same nodes at the same places.
 */
import type { SourceText, Span } from "../source-text.ts";
import { TOKENS_MAX } from "./read-tokens.ts";
import type { YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar } from "./yaml-node.ts";

/** Deeper values are left to the yaml package, which has the limit. */
const DEPTH_MAX = 32;

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const APOSTROPHE = 0x27;
const COMMA = 0x2c;
const DASH = 0x2d;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** The tree of a file, or undefined where the yaml package should read it. */
export function readPlain(source: SourceText): YamlNode | undefined {
  // A carriage return ends lines, a tab is no indentation: both have rules of their own.
  if (/[\t\r]/.test(source.text)) return undefined;
  try {
    return new Reading(source).file();
  } catch (error) {
    if (error === UNSURE) return undefined;
    throw error;
  }
}

/** Thrown where the text is not surely plain; never leaves this file. */
const UNSURE: unique symbol = Symbol("unsure");

class Reading {
  readonly #source: SourceText;
  readonly #text: string;
  readonly #length: number;
  /** Where reading goes on. */
  #at = 0;
  /** Of the line that `#nextLine` found: where it is indented to, and by how much. -1 at the end. */
  #content = 0;
  #indent = 0;
  #depth = 0;
  /** No fewer than the tokens that the yaml package would see. */
  #tokens = 0;

  constructor(source: SourceText) {
    this.#source = source;
    this.#text = source.text;
    this.#length = source.text.length;
  }

  file(): YamlNode | undefined {
    this.#nextLine();
    if (this.#indent !== 0) return undefined;
    const root = this.#block();
    return this.#isOver ? root : undefined;
  }

  get #isOver(): boolean {
    return this.#indent === -1;
  }

  /** Passes over empty lines and comments to the next line with something in it. */
  #nextLine(): void {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      const start = at;
      while (at < this.#length && text.charCodeAt(at) === SPACE) at++;
      this.#count(4);
      if (at >= this.#length) {
        this.#at = this.#content = at;
        this.#indent = -1;
        return;
      }
      const code = text.charCodeAt(at);
      if (code === LF) {
        at++;
        continue;
      }
      if (code === HASH) {
        const end = text.indexOf("\n", at);
        at = end === -1 ? this.#length : end + 1;
        continue;
      }
      this.#at = this.#content = at;
      this.#indent = at - start;
      return;
    }
  }

  /** The mapping or list that begins in the line at hand. */
  #block(): YamlNode {
    if (++this.#depth > DEPTH_MAX) throw UNSURE;
    const node = this.#isItem(this.#content)
      ? this.#blockList(this.#indent)
      : this.#blockMap(this.#indent, this.#content);
    this.#depth--;
    return node;
  }

  /** A mapping whose first key is at `start`; its keys stand in column `indent`. */
  #blockMap(indent: number, start: number): YamlMap {
    const entries = new Map<string, YamlEntry>();
    let end = start;
    this.#at = start;
    for (;;) {
      const [name, key] = this.#key();
      const value = this.#blockValue(indent, key);
      if (entries.has(name)) throw UNSURE;
      entries.set(name, { key, value });
      end = value.end;
      if (this.#indent < indent || this.#isItem(this.#content)) break;
      if (this.#indent > indent) throw UNSURE;
    }
    return { kind: "map", source: this.#source, start, end, entries };
  }

  /** What stands behind a key, on its line or below; the next line is at hand afterwards. */
  #blockValue(indent: number, key: Span): YamlNode {
    this.#skipSpaces();
    if (!this.#isLineOver()) {
      const value = this.#value(false);
      this.#endLine();
      // A line that goes on belongs to the value in ways that are not plain.
      if (this.#indent > indent) throw UNSURE;
      return value;
    }
    this.#endLine();
    const isBelow =
      this.#indent > indent || (this.#indent === indent && this.#isItem(this.#content));
    return isBelow ? this.#block() : { kind: "scalar", ...key, value: null, changed: false };
  }

  #blockList(indent: number): YamlList {
    const start = this.#content;
    const items: YamlNode[] = [];
    let end = start;
    for (;;) {
      const item = this.#blockItem(indent);
      items.push(item);
      end = item.end;
      if (this.#indent < indent || !this.#isItem(this.#content)) break;
      if (this.#indent > indent) throw UNSURE;
    }
    // Something else in the list's column belongs to the mapping that the list is in, if to anything.
    return { kind: "list", source: this.#source, start, end, items };
  }

  #blockItem(indent: number): YamlNode {
    this.#at = this.#content + 1;
    this.#count(4);
    const dash = this.#content;
    this.#skipSpaces();
    if (this.#isLineOver() || this.#isItem(this.#at)) throw UNSURE;
    if (this.#isKey()) {
      if (++this.#depth > DEPTH_MAX) throw UNSURE;
      const map = this.#blockMap(indent + (this.#at - dash), this.#at);
      this.#depth--;
      return map;
    }
    const value = this.#value(false);
    this.#endLine();
    if (this.#indent > indent) throw UNSURE;
    return value;
  }

  /** Reads `name:`; the place is behind the colon afterwards. */
  #key(): [name: string, key: Span] {
    const start = this.#at;
    if (!this.#isKey()) throw UNSURE;
    const end = this.#keyEnd;
    this.#at = end + 1;
    this.#count(5);
    return [this.#text.slice(start, end), { source: this.#source, start, end }];
  }

  #keyEnd = 0;

  /** True where a plain name and a colon stand here; `#keyEnd` is the colon then. */
  #isKey(): boolean {
    const text = this.#text;
    let at = this.#at;
    while (at < this.#length && isNameCode(text.charCodeAt(at))) at++;
    if (at === this.#at || text.charCodeAt(at) !== COLON) return false;
    const first = text.charCodeAt(this.#at);
    // A number, and the word for nothing, are not names to the yaml package.
    if (first === DASH || (first >= 0x30 && first <= 0x39)) return false;
    if (at - this.#at === 4 && /^null$/i.test(text.slice(this.#at, at))) return false;
    const next = text.charCodeAt(at + 1);
    if (at + 1 < this.#length && next !== SPACE && next !== LF) return false;
    this.#keyEnd = at;
    return true;
  }

  /** A value on one line. */
  #value(isInFlow: boolean): YamlNode {
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_LIST:
        return this.#flowList();
      case OPEN_MAP:
        return this.#flowMap();
      case QUOTE:
      case APOSTROPHE:
        return this.#quoted();
      default:
        return this.#plain(isInFlow);
    }
  }

  #flowList(): YamlList {
    const start = this.#enterFlow();
    const items: YamlNode[] = [];
    if (this.#text.charCodeAt(this.#at) !== CLOSE_LIST) {
      do items.push(this.#flowValue());
      while (this.#comma());
    }
    return { kind: "list", source: this.#source, start, end: this.#leaveFlow(CLOSE_LIST), items };
  }

  #flowMap(): YamlMap {
    const start = this.#enterFlow();
    const entries = new Map<string, YamlEntry>();
    if (this.#text.charCodeAt(this.#at) !== CLOSE_MAP) {
      do {
        const [name, key] = this.#key();
        if (entries.has(name)) throw UNSURE;
        this.#skipSpaces();
        entries.set(name, { key, value: this.#flowValue() });
      } while (this.#comma());
    }
    return { kind: "map", source: this.#source, start, end: this.#leaveFlow(CLOSE_MAP), entries };
  }

  #enterFlow(): number {
    if (++this.#depth > DEPTH_MAX) throw UNSURE;
    const start = this.#at++;
    this.#count(4);
    this.#skipSpaces();
    return start;
  }

  #leaveFlow(bracket: number): number {
    if (this.#text.charCodeAt(this.#at) !== bracket) throw UNSURE;
    this.#depth--;
    return ++this.#at;
  }

  #flowValue(): YamlNode {
    const value = this.#value(true);
    this.#skipSpaces();
    return value;
  }

  /** Passes over a comma and the space behind it, where there is one. */
  #comma(): boolean {
    if (this.#text.charCodeAt(this.#at) !== COMMA) return false;
    this.#at++;
    this.#count(2);
    this.#skipSpaces();
    return true;
  }

  /** A quoted text on one line without escapes. */
  #quoted(): YamlScalar {
    const start = this.#at;
    const mark = this.#text[start]!;
    const end = this.#text.indexOf(mark, start + 1);
    const value = end === -1 ? "\n" : this.#text.slice(start + 1, end);
    if (value.includes("\n") || (mark === '"' && value.includes("\\"))) throw UNSURE;
    this.#at = end + 1;
    this.#count(2);
    const next = this.#text.charCodeAt(this.#at);
    const isOver =
      this.#at >= this.#length ||
      next === SPACE ||
      next === LF ||
      next === COMMA ||
      next === CLOSE_LIST ||
      next === CLOSE_MAP;
    if (!isOver) throw UNSURE;
    return this.#scalar(start, this.#at, value);
  }

  #plain(isInFlow: boolean): YamlScalar {
    const text = this.#text;
    const start = this.#at;
    if (!isPlainStart(text.charCodeAt(start))) throw UNSURE;
    let at = start;
    let end = start;
    for (; at < this.#length; at++) {
      const code = text.charCodeAt(at);
      if (code === LF) break;
      if (code === SPACE) continue;
      if (code === HASH && text.charCodeAt(at - 1) === SPACE) break;
      if (isInFlow && isFlowCode(code)) break;
      if (code === COLON) {
        const next = text.charCodeAt(at + 1);
        const isMark = at + 1 >= this.#length || next === SPACE || next === LF;
        if (isMark || (isInFlow && isFlowCode(next))) throw UNSURE;
      }
      end = at + 1;
    }
    this.#at = end;
    this.#count(3);
    return this.#scalar(start, end, plainValue(text.slice(start, end)));
  }

  #scalar(start: number, end: number, value: YamlScalar["value"]): YamlScalar {
    return { kind: "scalar", source: this.#source, start, end, value, changed: false };
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++;
  }

  /** True where nothing but a comment follows on the line. */
  #isLineOver(): boolean {
    if (this.#at >= this.#length) return true;
    const code = this.#text.charCodeAt(this.#at);
    return code === LF || (code === HASH && this.#text.charCodeAt(this.#at - 1) === SPACE);
  }

  /** Leaves the line, on which nothing but a comment may follow, for the next one. */
  #endLine(): void {
    this.#skipSpaces();
    if (!this.#isLineOver()) throw UNSURE;
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end === -1 ? this.#length : end + 1;
    this.#nextLine();
  }

  /** True where a list's dash stands at `at`. */
  #isItem(at: number): boolean {
    if (this.#text.charCodeAt(at) !== DASH) return false;
    const next = this.#text.charCodeAt(at + 1);
    return next === SPACE || next === LF || at + 1 >= this.#length;
  }

  #count(tokens: number): void {
    this.#tokens += tokens;
    if (this.#tokens > TOKENS_MAX) throw UNSURE;
  }
}

/** What a plain scalar means to the core schema of YAML 1.2; what is not plainly that is unsure. */
function plainValue(text: string): YamlScalar["value"] {
  const first = text.charCodeAt(0);
  if ((first >= 0x30 && first <= 0x39) || first === 0x2e) {
    if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
    // Octal, hexadecimal, fractions, exponents and infinities.
    if (/^(?:0[ox][0-9a-fA-F]+|[0-9.]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))$/i.test(text))
      throw UNSURE;
    return text;
  }
  if (text.length > 5) return text;
  if (text === "true") return true;
  if (text === "false") return false;
  if (/^(?:true|false|null)$/i.test(text)) throw UNSURE;
  return text;
}

/** Letters, digits, "_" and "-". */
function isNameCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === DASH
  );
}

/** Letters, digits, "/", ".", "_" and "$": none of them begins anything but a plain scalar. */
function isPlainStart(code: number): boolean {
  if (isNameCode(code)) return code !== DASH;
  return code === 0x2f || code === 0x2e || code === 0x24 || code > 0xa0;
}

function isFlowCode(code: number): boolean {
  return (
    code === COMMA ||
    code === OPEN_LIST ||
    code === CLOSE_LIST ||
    code === OPEN_MAP ||
    code === CLOSE_MAP
  );
}
