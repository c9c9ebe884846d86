/**
 * Output: the one buffer per worker in which heads and small bodies are put together, and sent with
 * a single write.
 */
import type { Wire } from "./wire.ts";

/** Room for a head at its limit, what Balto adds, and a full read of body. */
const OUTPUT_BYTES = 192 * 1024;
/** Bytes and characters that are copied in a loop. */
const LOOP_LENGTH_MAX = 48;
/** Lengths that views are kept of. */
const VIEWS_MAX = 1_024;

export class Output {
  bytes: Buffer = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  length = 0;
  /** Of the buffer's first bytes, by their number. */
  #views: (Buffer | undefined)[] = [];

  /** How many more bytes fit. */
  get room(): number {
    return this.bytes.length - this.length;
  }

  /** Appends a range of bytes. */
  copy(from: Buffer, start: number, end: number): void {
    // For a few dozen bytes a loop is faster than the call into the runtime.
    if (end - start < LOOP_LENGTH_MAX) {
      const to = this.bytes;
      let at = this.length;
      for (let i = start; i < end; i++) to[at++] = from[i]!;
      this.length = at;
      return;
    }
    this.length += from.copy(this.bytes, this.length, start, end);
  }

  /** Appends a whole buffer. */
  put(bytes: Buffer): void {
    this.copy(bytes, 0, bytes.length);
  }

  /** Appends a text of Latin-1 characters. */
  text(text: string): void {
    if (text.length < LOOP_LENGTH_MAX) {
      const to = this.bytes;
      let at = this.length;
      for (let i = 0; i < text.length; i++) to[at++] = text.charCodeAt(i);
      this.length = at;
      return;
    }
    this.length += this.bytes.write(text, this.length, "latin1");
  }

  /** Appends a decimal number. */
  decimal(value: number): void {
    this.text(String(value));
  }

  /** Appends a chunk's size line. */
  chunkSize(value: number): void {
    this.text(value.toString(16));
    this.put(CRLF);
  }

  /** Takes away the first bytes: they have been sent already. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** A copy of what has been put together. */
  snapshot(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  /** Forgets everything. */
  clear(): void {
    this.length = 0;
  }

  /**
   * Sends everything to `wire` and is empty again. Where the system did not take it all at once, the
   * rest is still being read from the buffer, so a new one takes its place.
   */
  flush(wire: Wire): void {
    if (this.length === 0) return;
    const flushed = wire.write(this.#written());
    if (!flushed) {
      this.bytes = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
      this.#views = [];
    }
    this.length = 0;
  }

  /** What has been put together. Heads are seldom of a new length, and a view costs more than their bytes. */
  #written(): Buffer {
    const { length } = this;
    if (length >= VIEWS_MAX) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }
}

export const CRLF: Buffer = Buffer.from("\r\n");
/** Behind the last chunk of a body, without trailers. */
export const LAST_CHUNK: Buffer = Buffer.from("0\r\n\r\n");
