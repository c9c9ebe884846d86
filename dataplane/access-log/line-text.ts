/**
 * Line text: a line of the access log while it is put together, in bytes. Thousands of lines are written a
 * second: pieces are copied in loops, because texts cost a call into the runtime each.
 *
 * What clients send is escaped: a line is ASCII and holds no control character, nor what would end its quotes.
 */
import { HEX_TEXT } from "../observation/hex.ts";

/** How what is not plain is written inside quotes: as in JSON, or as Apache and nginx do. */
export type Escape = "json" | "quoted";

/** Room for a usual line. */
const LENGTH_USUAL = 2_048;
/** What follows a client's text up to the next, or to the line's end: pieces, numbers, an address, an id. */
export const PIECES_LENGTH = 700;
/** What one character may become. */
const ESCAPED_LENGTH = 6;

export class LineText {
  bytes: Uint8Array = EMPTY;
  length = 0;

  /** Takes everything away; what a long line needed is given back. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > LENGTH_USUAL) this.bytes = EMPTY;
  }

  /** Makes room for so many bytes more. What follows asks for none, but for texts of clients and of routes. */
  reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2, LENGTH_USUAL));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  put(piece: Uint8Array): void {
    this.copy(piece, 0, piece.length);
  }

  copy(from: Uint8Array, start: number, end: number): void {
    const to = this.bytes;
    let at = this.length;
    for (let i = start; i < end; i++) to[at++] = from[i]!;
    this.length = at;
  }

  /** A text that is known to be plain. */
  plain(text: string): void {
    const to = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) to[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** A text of Latin-1 characters; there is room for pieces behind it. */
  escaped(from: Uint8Array, start: number, end: number, escape: Escape): void {
    this.reserve((end - start) * ESCAPED_LENGTH + PIECES_LENGTH);
    const to = this.bytes;
    let at = this.length;
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (PLAIN[byte] === 1) to[at++] = byte;
      else at = writeEscaped(to, at, byte, escape);
    }
    this.length = at;
  }

  /** A whole number that is not negative. */
  decimal(value: number): void {
    if (value > INT32_MAX) return this.plain(String(value));
    let rest = value | 0;
    let end = this.length;
    do {
      end++;
      rest = (rest / 10) | 0;
    } while (rest !== 0);
    rest = value | 0;
    this.length = end;
    do {
      const next = (rest / 10) | 0;
      this.bytes[--end] = ZERO + rest - next * 10;
      rest = next;
    } while (rest !== 0);
    return undefined;
  }

  /** Milliseconds with a microsecond's precision; what is later than its end by the clock is 0. */
  ms(value: number): void {
    const micro = value <= 0 ? 0 : Math.round(value * 1_000);
    const whole = Math.floor(micro / 1_000);
    this.decimal(whole);
    const rest = micro - whole * 1_000;
    if (rest === 0) return;
    const to = this.bytes;
    to[this.length++] = DOT;
    to[this.length++] = ZERO + ((rest / 100) | 0);
    if (rest % 100 === 0) return;
    to[this.length++] = ZERO + (((rest / 10) | 0) % 10);
    if (rest % 10 !== 0) to[this.length++] = ZERO + (rest % 10);
  }
}

const EMPTY = new Uint8Array(0);
const INT32_MAX = 0x7f_ff_ff_ff;
const ZERO = 0x30;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** 1 for what stands for itself: visible ASCII and the space, without quote and backslash. */
const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== BACKSLASH ? 1 : 0,
);

/** `\u00e9`, or `\xe9`; returns where it ends. */
function writeEscaped(to: Uint8Array, at: number, byte: number, escape: Escape): number {
  to[at++] = BACKSLASH;
  if (escape === "json") {
    to[at++] = 0x75;
    to[at++] = ZERO;
    to[at++] = ZERO;
  } else to[at++] = 0x78;
  to[at++] = HEX_TEXT.charCodeAt(byte >> 4);
  to[at++] = HEX_TEXT.charCodeAt(byte & 15);
  return at;
}
