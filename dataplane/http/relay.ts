/**
 * Relay: one body on its way from one wire to another, decoded from the framing it came in and
 * written in the framing that was announced, never faster than the target takes it.
 *
 * What it holds back is at most one read: as soon as the target has not taken everything, the source
 * is paused until it has.
 */
import { BodyDecoder } from "./body.ts";
import { CRLF, LAST_CHUNK, type Output } from "./output.ts";
import { lastChunkWith } from "./trailers.ts";
import type { Wire } from "./wire.ts";

/** Up to here a copy into the output buffer costs less than a write of its own. */
const COPY_BYTES_MAX = 16 * 1024;
/** A source that fills this much of a read gets a buffer of its own. */
const BULK_READ_BYTES = 32 * 1024;
/** What a chunk's size, its end and a last chunk without trailers take at most. */
const FRAMING_BYTES = 64;

const NO_NAMES: readonly string[] = [];
const NOTHING = Buffer.alloc(0);

export class Relay {
  readonly decoder: BodyDecoder = new BodyDecoder();
  /** Bytes of content passed on. */
  bytes = 0;
  /** The most of them; a body that goes beyond is not passed on any more. */
  bytesMax = Infinity;
  #chunked = false;
  /** Trailers that do not go on, in lower case. */
  #named: readonly string[] = NO_NAMES;

  /** The decoder has been begun; `chunked` says how the body leaves. */
  begin(chunked: boolean): void {
    this.#chunked = chunked;
    this.bytes = 0;
    this.bytesMax = Infinity;
    this.#named = NO_NAMES;
  }

  /**
   * Trailers go on, where the body comes and leaves chunked.
   *
   * @param fieldsMax more break the framing
   * @param named fields that the head's Connection names, in lower case
   */
  passTrailers(fieldsMax: number, named: readonly string[]): void {
    this.decoder.keepTrailers(fieldsMax);
    this.#named = named;
  }

  /** What ends the body in the chunked coding, once it is complete. */
  get lastChunk(): Buffer {
    const { trailers } = this.decoder;
    return trailers.length === 0 ? LAST_CHUNK : lastChunkWith(trailers, this.#named);
  }

  /** The body is longer than it may be: why `push` has passed nothing on. */
  get isTooLong(): boolean {
    return this.bytes > this.bytesMax;
  }

  /**
   * Passes on what `bytes[start..end)` holds of the body, behind what `output` holds already (a head).
   *
   * @returns false where the body's framing is broken, or the body is too long; nothing of this read
   * has been sent then
   */
  push(
    source: Wire,
    target: Wire,
    output: Output,
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    const { decoder } = this;
    if (!decoder.read(bytes, start, end)) return false;
    const length = decoder.contentEnd - decoder.contentStart;
    this.bytes += length;
    if (this.isTooLong) return false;
    const isShared = source.isShared(bytes);
    const last = decoder.done && this.#chunked ? this.lastChunk : NOTHING;
    if (length === 0) {
      output.put(last);
      output.flush(target);
    } else if (isShared || this.#chunked || length <= COPY_BYTES_MAX) {
      if (length + last.length + FRAMING_BYTES > output.room) output.flush(target);
      this.#copy(output, bytes);
      output.put(last);
      output.flush(target);
    } else {
      output.flush(target);
      const content = bytes.subarray(decoder.contentStart, decoder.contentEnd);
      if (!target.write(content)) source.holdBuffer();
    }
    const flushed = target.isFlushed;
    if (decoder.done) source.releaseBuffer();
    else {
      if (isShared && end - start >= BULK_READ_BYTES) source.takeBuffer();
      else if (!isShared && flushed && end - start < COPY_BYTES_MAX) source.releaseBuffer();
      if (!flushed) source.pause();
    }
    return true;
  }

  /** A body that its connection's end completed. */
  finish(target: Wire, output: Output): void {
    if (this.#chunked) output.put(LAST_CHUNK);
    output.flush(target);
  }

  #copy(output: Output, bytes: Buffer): void {
    const { contentStart, contentEnd } = this.decoder;
    if (this.#chunked) output.chunkSize(contentEnd - contentStart);
    output.copy(bytes, contentStart, contentEnd);
    if (this.#chunked) output.put(CRLF);
  }
}
