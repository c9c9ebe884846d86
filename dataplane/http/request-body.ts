/**
 * Request body: what a client sends behind the head of its request. It is passed on as long as there is
 * somebody who wants it; then it is read and dropped as far as that is worth it, so that the connection can
 * have another request.
 *
 * An exchange has one, used again for each of its requests.
 */
import { UNWANTED_BYTES_MAX, UNWANTED_LENGTH_MAX } from "../limits.ts";
import { Relay } from "./relay.ts";
import type { RequestHead } from "./request-head.ts";

export class RequestBody {
  /** On its way to a backend. */
  readonly relay: Relay = new Relay();
  /** How many bytes of it may still be dropped. */
  #droppable = 0;

  /** A request has come. */
  begin(head: RequestHead): void {
    const { relay } = this;
    if (head.isChunked) relay.decoder.beginChunked();
    else relay.decoder.beginLength(Math.max(head.contentLength, 0));
    relay.begin(head.isChunked);
  }

  /** All of it has come. */
  get isComplete(): boolean {
    return this.relay.decoder.done;
  }

  /** What ends it in the chunked coding; undefined before it has come. */
  get lastChunk(): Buffer | undefined {
    return this.isComplete ? this.relay.lastChunk : undefined;
  }

  /** Nobody wants what is still to come of it: from now on it is dropped. */
  abandon(): void {
    const { left } = this.relay.decoder;
    this.#droppable = left <= UNWANTED_LENGTH_MAX ? left : UNWANTED_BYTES_MAX;
  }

  /**
   * Drops what `bytes[start..end)` holds of it.
   *
   * @returns where the bytes begin that are not its own; -1 where there is no end to it that is worth
   * waiting for, or its framing is broken: where the next request begins is anybody's guess
   */
  drop(bytes: Buffer, start: number, end: number): number {
    const { decoder } = this.relay;
    if (decoder.done) return start;
    if (!decoder.read(bytes, start, end)) return -1;
    this.#droppable -= decoder.next - start;
    return this.#droppable < 0 ? -1 : decoder.next;
  }
}
