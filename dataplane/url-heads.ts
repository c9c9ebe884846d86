/**
 * URL heads: what stands before the port. The backends of a tree mostly differ in their ports, so most of
 * their URLs are known to be right as soon as one with the same head is.
 */
import type { View } from "../artifact/view.ts";

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const PORT_MAX = 65_535;

export class UrlHeads {
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;
  /** Of the last one, where it stands. */
  #start = 0;
  #end = 0;

  constructor({ strings, stringEnds }: View) {
    this.#bytes = strings;
    this.#ends = stringEnds;
  }

  /** True where a text is the head that was added last, and a port. */
  isKnown(text: number): boolean {
    const start = this.#startOf(text);
    const end = this.#headEnd(start, this.#ends[text]!);
    const length = end - start;
    if (length === 0 || length !== this.#end - this.#start) return false;
    for (let at = 0; at < length; at++) {
      if (this.#bytes[start + at] !== this.#bytes[this.#start + at]) return false;
    }
    return true;
  }

  /** A text that was found to be right: it is so with every port. */
  add(text: number): void {
    this.#start = this.#startOf(text);
    this.#end = this.#headEnd(this.#start, this.#ends[text]!);
  }

  #startOf(text: number): number {
    return text === 0 ? 0 : this.#ends[text - 1]!;
  }

  /** Behind the colon before the port; `start` where a text ends otherwise. */
  #headEnd(start: number, end: number): number {
    let at = end;
    let port = 0;
    for (let unit = 1; at > start; at--, unit *= 10) {
      const byte = this.#bytes[at - 1]!;
      if (byte < ZERO || byte > NINE) break;
      port += (byte - ZERO) * unit;
      if (port > PORT_MAX) return start;
    }
    const isPort = port > 0 && this.#bytes[at] !== ZERO && this.#bytes[at - 1] === COLON;
    return isPort ? at : start;
  }
}
