/**
 * Fields: the header fields of one head, as offsets into the bytes they came in, and what kind each
 * is. One FieldList per direction and thread is filled again and again; nothing is allocated.
 */
import { FORWARDED_PREFIX, type GuardedField } from "../../artifact/guarded-fields.ts";
import type { UnderscoreRule } from "../../artifact/model.ts";
import { COMMA, equalsFolded, FOLD, HTAB, latin1, SP, TOKEN } from "./bytes.ts";

/** What Balto has to know about a field; OTHER is passed on as it stands. */
export const FIELD = {
  OTHER: 0,
  /** Hop-by-hop and never passed on. */
  HOP: 1,
  CONNECTION: 2,
  HOST: 3,
  CONTENT_LENGTH: 4,
  TRANSFER_ENCODING: 5,
  EXPECT: 6,
  TE: 7,
  UPGRADE: 8,
  FORWARDED_FOR: 9,
  FORWARDED_PROTO: 10,
  FORWARDED_HOST: 11,
  /** `Forwarded` and every other `X-Forwarded-*`. */
  FORWARDED: 12,
  PARAMETER: 13,
  /** Passed on, and not removed when Connection names it. */
  PROTECTED: 14,
  KEEP_ALIVE: 15,
  DATE: 16,
  /** The backend's word on CORS; dropped where Balto has its own. */
  ALLOW_ORIGIN: 17,
  /** Counted down and obeyed where the method is OPTIONS, else passed on. */
  MAX_FORWARDS: 18,
  /** As PROTECTED; the cookie of a sticky session is taken out of it. */
  COOKIE: 19,
  /** Passed on, and not removed when Connection names it; counted where Balto has a name of its own. */
  VIA: 20,
  /** Passed on where trailers are. */
  TRAILER: 21,
  /** Balto's own where it gives ids; see observation/account.ts. From here on all are. */
  REQUEST_ID: 22,
  TRACEPARENT: 23,
  TRACESTATE: 24,
} as const;

const KINDS: Record<GuardedField, number> = {
  te: FIELD.TE,
  via: FIELD.VIA,
  host: FIELD.HOST,
  date: FIELD.DATE,
  cookie: FIELD.COOKIE,
  expect: FIELD.EXPECT,
  trailer: FIELD.TRAILER,
  upgrade: FIELD.UPGRADE,
  forwarded: FIELD.FORWARDED,
  "keep-alive": FIELD.KEEP_ALIVE,
  connection: FIELD.CONNECTION,
  tracestate: FIELD.TRACESTATE,
  traceparent: FIELD.TRACEPARENT,
  "max-forwards": FIELD.MAX_FORWARDS,
  "x-request-id": FIELD.REQUEST_ID,
  authorization: FIELD.PROTECTED,
  "content-length": FIELD.CONTENT_LENGTH,
  "http2-settings": FIELD.HOP,
  "x-forwarded-for": FIELD.FORWARDED_FOR,
  "x-forwarded-host": FIELD.FORWARDED_HOST,
  "proxy-connection": FIELD.HOP,
  "x-forwarded-proto": FIELD.FORWARDED_PROTO,
  "transfer-encoding": FIELD.TRANSFER_ENCODING,
  "proxy-authenticate": FIELD.HOP,
  "proxy-authorization": FIELD.HOP,
  "access-control-allow-origin": FIELD.ALLOW_ORIGIN,
};

/** Names by length, so that most fields are told apart by that alone. */
const BY_LENGTH: { name: Uint8Array; kind: number }[][] = [];
for (const [name, kind] of Object.entries(KINDS)) {
  (BY_LENGTH[name.length] ??= []).push({ name: Buffer.from(name), kind });
}
const X_FORWARDED = Buffer.from(FORWARDED_PREFIX);
const X_PARAM = Buffer.from("x-param-");
const X_REQUEST_ID_BYTES = "x-request-id".length;
const X = 0x78;

/** Most names that a Connection field may name; more is refused. */
const CONNECTION_OPTIONS_MAX = 32;

export class FieldList {
  count = 0;
  /** What becomes of names that would be guarded ones if "_" were "-". */
  underscores: UnderscoreRule = "reject";
  readonly max: number;
  readonly kind: Uint8Array;
  readonly nameStart: Int32Array;
  readonly nameEnd: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
  /** The end of the line with its CRLF; the next field begins there. */
  readonly lineEnd: Int32Array;
  #options = new Int32Array(CONNECTION_OPTIONS_MAX * 2);
  #optionCount = 0;

  constructor(max: number) {
    this.max = max;
    this.kind = new Uint8Array(max);
    this.nameStart = new Int32Array(max);
    this.nameEnd = new Int32Array(max);
    this.valueStart = new Int32Array(max);
    this.valueEnd = new Int32Array(max);
    this.lineEnd = new Int32Array(max);
  }

  clear(): void {
    this.count = 0;
    this.#optionCount = 0;
  }

  /**
   * Adds a field that fits; the caller has checked `count < max`.
   *
   * @returns false where its name must be refused
   */
  add(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    lineEnd: number,
  ): boolean {
    const i = this.count++;
    this.nameStart[i] = nameStart;
    this.nameEnd[i] = nameEnd;
    this.valueStart[i] = valueStart;
    this.valueEnd[i] = valueEnd;
    this.lineEnd[i] = lineEnd;
    const kind = (this.kind[i] = classify(bytes, nameStart, nameEnd));
    if (kind === FIELD.OTHER || kind === FIELD.PARAMETER) return true;
    return !hasUnderscore(bytes, nameStart, nameEnd) || this.#undisguise(i);
  }

  #undisguise(i: number): boolean {
    if (this.underscores === "reject") return false;
    // A field that is dropped stays in the list: what is passed on is copied in runs.
    this.kind[i] = this.underscores === "drop" ? FIELD.HOP : FIELD.OTHER;
    return true;
  }

  /** True where the line is `Name: value` or `Name:value` without more white space: may be copied. */
  isTidy(i: number): boolean {
    return (
      this.valueStart[i]! - this.nameEnd[i]! <= 2 && this.lineEnd[i]! - this.valueEnd[i]! === 2
    );
  }

  /**
   * Reads the options of a Connection field (RFC 9110 §7.6.1) and keeps those that name fields.
   *
   * @returns bits: 1 close, 2 keep-alive, 4 upgrade; -1 where an option is no token or there are too many
   */
  addConnection(bytes: Uint8Array, start: number, end: number): number {
    let bits = 0;
    let at = start;
    while (at < end) {
      while (at < end && (bytes[at] === SP || bytes[at] === HTAB || bytes[at] === COMMA)) at++;
      const from = at;
      while (at < end && TOKEN[bytes[at]!] === 1) at++;
      if (from === at) {
        if (at < end) return -1;
        break;
      }
      const to = at;
      while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
      if (at < end && bytes[at] !== COMMA) return -1;
      if (equalsFolded(bytes, from, to, CLOSE)) bits |= 1;
      else if (equalsFolded(bytes, from, to, KEEP_ALIVE) && !hasUnderscore(bytes, from, to))
        bits |= 2;
      else if (equalsFolded(bytes, from, to, UPGRADE)) bits |= 4;
      else if (this.#optionCount === CONNECTION_OPTIONS_MAX) return -1;
      else {
        this.#options[this.#optionCount * 2] = from;
        this.#options[this.#optionCount * 2 + 1] = to;
        this.#optionCount++;
      }
    }
    return bits;
  }

  /** The names that Connection has and that may be fields', in lower case. */
  connectionNames(bytes: Buffer): readonly string[] {
    const names: string[] = [];
    for (let option = 0; option < this.#optionCount; option++) {
      const [from, to] = [this.#options[option * 2]!, this.#options[option * 2 + 1]!];
      names.push(latin1(bytes, from, to).toLowerCase());
    }
    return names;
  }

  /** True where Connection names field `i`. Fields that others rely on are never asked for. */
  isNamedByConnection(bytes: Uint8Array, i: number): boolean {
    for (let option = 0; option < this.#optionCount; option++) {
      const from = this.#options[option * 2]!;
      const length = this.#options[option * 2 + 1]! - from;
      const start = this.nameStart[i]!;
      if (this.nameEnd[i]! - start !== length) continue;
      let same = true;
      for (let k = 0; same && k < length; k++)
        same = FOLD[bytes[start + k]!] === FOLD[bytes[from + k]!];
      if (same) return true;
    }
    return false;
  }
}

/** A field's kind by its name, case-insensitively; "_" counts as "-" (see `hasUnderscore`). */
function classify(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > X_PARAM.length && (bytes[start]! | 0x20) === X) {
    if (equalsFolded(bytes, start, start + X_PARAM.length, X_PARAM)) return FIELD.PARAMETER;
    if (equalsFolded(bytes, start, start + X_FORWARDED.length, X_FORWARDED)) {
      return exact(bytes, start, end, FIELD.FORWARDED);
    }
    return length === X_REQUEST_ID_BYTES ? exact(bytes, start, end, FIELD.OTHER) : FIELD.OTHER;
  }
  return exact(bytes, start, end, FIELD.OTHER);
}

function exact(bytes: Uint8Array, start: number, end: number, otherwise: number): number {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return otherwise;
  for (const { name, kind } of candidates) {
    if (equalsFolded(bytes, start, end, name)) return kind;
  }
  return otherwise;
}

/** True where a name holds "_": backends that turn both into one variable would mix it up. */
export function hasUnderscore(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x5f) return true;
  return false;
}

const CLOSE = Buffer.from("close");
const KEEP_ALIVE = Buffer.from("keep-alive");
const UPGRADE = Buffer.from("upgrade");
