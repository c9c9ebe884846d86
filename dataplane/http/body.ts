/**
 * Body decoder: where a message's body ends, and which of the bytes are its content. RFC 9112 §6–7.
 *
 * Content is left in the buffer it came in: chunks are moved together in place, so that one read
 * gives one contiguous range whatever the framing was.
 */
import { CR, FIELD_VALUE, hexDigit, LF, SP, HTAB, TOKEN, COLON } from "./bytes.ts";

/** Chunk extensions of one body, bytes; they are read and dropped. */
const EXTENSION_BYTES_MAX = 8192;
/** Trailer section of one body, bytes; it is read, and dropped unless it is kept. */
const TRAILER_BYTES_MAX = 8192;

const NOTHING = Buffer.alloc(0);

const CHUNK_SIZE = 0;
const CHUNK_EXTENSION = 1;
const CHUNK_SIZE_LF = 2;
const CHUNK_DATA = 3;
const CHUNK_DATA_CR = 4;
const CHUNK_DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const END_LF = 10;
const QUOTED = 11;
const QUOTED_PAIR = 12;

// The parts of an extension; from NAME on it may end there.
const BEFORE_NAME = 0;
const BEFORE_VALUE = 1;
const NAME = 2;
const VALUE = 3;
const BEHIND_QUOTE = 4;

export class BodyDecoder {
  /** The body is complete. */
  done = true;
  /** After `read`: where its content lies, and where the bytes that are not the body's begin. */
  contentStart = 0;
  contentEnd = 0;
  next = 0;
  #kind: "length" | "chunked" | "close" = "length";
  /** Bytes left of the body or of the chunk. */
  #left = 0;
  #state = CHUNK_SIZE;
  #digits = 0;
  /** Where in an extension the last byte was. */
  #part = BEFORE_NAME;
  #extensionBytes = 0;
  #trailerBytes = 0;
  /** Fields of a trailer section that is kept; 0 is one that is not. */
  #trailersMax = 0;
  #trailers = 0;
  /** Lines that are kept, and how many bytes of them there are. Used again for the next body. */
  #section: Buffer = NOTHING;
  #sectionBytes = 0;

  /** A body of so many bytes; 0 is no body. */
  beginLength(bytes: number): void {
    this.#kind = "length";
    this.#left = bytes;
    this.#sectionBytes = 0;
    this.done = bytes === 0;
  }

  /** A body in the chunked coding. */
  beginChunked(): void {
    this.#kind = "chunked";
    this.#state = CHUNK_SIZE;
    this.#left = this.#digits = this.#extensionBytes = this.#trailerBytes = 0;
    this.#trailersMax = this.#trailers = this.#sectionBytes = 0;
    this.done = false;
  }

  /** Bytes that are still to come; Infinity where only they will tell. */
  get left(): number {
    if (this.done) return 0;
    return this.#kind === "length" ? this.#left : Infinity;
  }

  /** Behind `beginChunked`: trailers are kept, and more fields than so many break the framing. */
  keepTrailers(fieldsMax: number): void {
    this.#trailersMax = fieldsMax;
  }

  /** The lines of the trailers that were kept, each with its CRLF; whole once the body is. */
  get trailers(): Buffer {
    return this.#sectionBytes === 0 ? NOTHING : this.#section.subarray(0, this.#sectionBytes);
  }

  /** A body that ends when the connection does (responses only). */
  beginClose(): void {
    this.#kind = "close";
    this.#sectionBytes = 0;
    this.done = false;
  }

  /** The connection has ended: true where that ends the body as it should. */
  endOfInput(): boolean {
    if (this.#kind === "close") this.done = true;
    return this.done;
  }

  /** True where a connection's end is the body's end. */
  get endsWithConnection(): boolean {
    return this.#kind === "close";
  }

  /**
   * Reads body bytes from `bytes[start..end)`.
   *
   * @returns false where the framing is broken; the connection is of no use then
   */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.contentStart = this.contentEnd = start;
    if (this.#kind === "chunked") return this.#readChunked(bytes, start, end);
    let take = end - start;
    if (this.#kind === "length") {
      take = Math.min(take, this.#left);
      this.#left -= take;
      this.done = this.#left === 0;
    }
    this.contentEnd = this.next = start + take;
    return true;
  }

  #readChunked(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (this.#state === CHUNK_DATA) {
        const take = Math.min(end - at, this.#left);
        if (at !== this.contentEnd) bytes.copyWithin(this.contentEnd, at, at + take);
        this.contentEnd += take;
        this.#left -= take;
        at += take;
        if (this.#left === 0) this.#state = CHUNK_DATA_CR;
        continue;
      }
      if (!this.#step(bytes[at++]!)) return false;
      if (this.done) break;
    }
    this.next = at;
    return true;
  }

  /** One byte of framing. False where it cannot stand there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case CHUNK_SIZE:
        return this.#size(byte);
      case CHUNK_EXTENSION:
      case QUOTED:
      case QUOTED_PAIR:
        return ++this.#extensionBytes <= EXTENSION_BYTES_MAX && this.#extension(byte);
      case CHUNK_SIZE_LF:
        this.#state = this.#left === 0 ? TRAILER_START : CHUNK_DATA;
        this.#digits = 0;
        return byte === LF;
      case CHUNK_DATA_CR:
        this.#state = CHUNK_DATA_LF;
        return byte === CR;
      case CHUNK_DATA_LF:
        this.#state = CHUNK_SIZE;
        return byte === LF;
      case END_LF:
        this.done = true;
        return byte === LF;
      default:
        return ++this.#trailerBytes <= TRAILER_BYTES_MAX && this.#trailer(byte);
    }
  }

  #size(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits++;
      this.#left = this.#left * 16 + digit;
      // Leading zeros are legal, an endless run of them is not.
      return this.#left <= Number.MAX_SAFE_INTEGER && this.#digits <= 256;
    }
    if (this.#digits === 0) return false;
    if (byte === CR) {
      this.#state = CHUNK_SIZE_LF;
      return true;
    }
    this.#state = CHUNK_EXTENSION;
    this.#part = BEFORE_NAME;
    return byte === 0x3b;
  }

  /** `;name`, `;name=token`, `;name="quoted"`, RFC 9112 §7.1.1, without white space. */
  #extension(byte: number): boolean {
    if (this.#state === QUOTED_PAIR) {
      this.#state = QUOTED;
      return FIELD_VALUE[byte] === 1;
    }
    if (this.#state === QUOTED) {
      if (byte === 0x22) this.#state = CHUNK_EXTENSION;
      else if (byte === 0x5c) this.#state = QUOTED_PAIR;
      return FIELD_VALUE[byte] === 1;
    }
    const part = this.#part;
    if (TOKEN[byte] === 1) {
      if (part === BEFORE_NAME) this.#part = NAME;
      else if (part === BEFORE_VALUE) this.#part = VALUE;
      return part !== BEHIND_QUOTE;
    }
    if (byte === 0x22) {
      this.#state = QUOTED;
      this.#part = BEHIND_QUOTE;
      return part === BEFORE_VALUE;
    }
    if (byte === 0x3d) {
      this.#part = BEFORE_VALUE;
      return part === NAME;
    }
    this.#part = BEFORE_NAME;
    if (byte === CR) this.#state = CHUNK_SIZE_LF;
    return (byte === CR || byte === 0x3b) && part >= NAME;
  }

  /** A byte of the trailer section. False where there are too many fields. */
  #keep(byte: number): boolean {
    if (this.#state === TRAILER_START) {
      if (byte === CR) return true;
      if (++this.#trailers > this.#trailersMax) return false;
    }
    if (this.#section.length === 0) this.#section = Buffer.allocUnsafeSlow(TRAILER_BYTES_MAX);
    this.#section[this.#sectionBytes++] = byte;
    return true;
  }

  #trailer(byte: number): boolean {
    if (this.#trailersMax > 0 && !this.#keep(byte)) return false;
    switch (this.#state) {
      case TRAILER_START:
        if (byte === CR) {
          this.#state = END_LF;
          return true;
        }
        this.#state = TRAILER_NAME;
        return TOKEN[byte] === 1;
      case TRAILER_NAME:
        if (byte === COLON) {
          this.#state = TRAILER_VALUE;
          return true;
        }
        return TOKEN[byte] === 1;
      case TRAILER_VALUE:
        if (byte === CR) {
          this.#state = TRAILER_LF;
          return true;
        }
        return FIELD_VALUE[byte] === 1 || byte === SP || byte === HTAB;
      default:
        this.#state = TRAILER_START;
        return byte === LF;
    }
  }
}
