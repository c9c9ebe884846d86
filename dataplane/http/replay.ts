/**
 * Replay: whether a request may be sent again, and what is kept of it for that.
 */
import type { RetryPolicy } from "../../artifact/model.ts";
import type { KeptRequest, KeptRequests } from "./kept-request.ts";
import type { Output } from "./output.ts";
import type { RequestHead } from "./request-head.ts";
import type { Forwarding, RequestTarget } from "./request-writer.ts";
import type { Wire } from "./wire.ts";

export class Replay {
  /** What it does may be done twice, and its body is not too long to be kept. */
  isRepeatable = false;
  readonly #spare: KeptRequests;
  #kept: KeptRequest | undefined;
  #isChunked = false;
  #bodyBytesMax = 0;

  constructor(spare: KeptRequests) {
    this.#spare = spare;
  }

  begin(head: RequestHead, { unsafe, bufferBytes }: RetryPolicy): void {
    this.#isChunked = head.isChunked;
    this.#bodyBytesMax = head.isChunked ? bufferBytes : Math.max(head.contentLength, 0);
    this.isRepeatable = (head.isRepeatable || unsafe) && this.#bodyBytesMax <= bufferBytes;
  }

  /** It has no body. */
  get isBodiless(): boolean {
    return !this.#isChunked && this.#bodyBytesMax === 0;
  }

  /** Everything of it that has come is kept. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** Keeps the head that `output` holds. */
  keep(output: Output, forwarding: Forwarding): void {
    this.#kept = this.#spare.take();
    this.#kept.keep(output, forwarding, this.#isChunked);
  }

  /** These bytes of the body have been sent; they are kept as long as all of it fits. */
  sentBody(bytes: Buffer, start: number, end: number): void {
    const kept = this.#kept;
    if (kept === undefined || start === end) return;
    if (kept.bodyBytes + end - start > this.#bodyBytesMax) this.drop();
    else kept.keepBody(bytes, start, end, this.#bodyBytesMax);
  }

  /**
   * Sends what is kept.
   *
   * @param end what ends a body in the chunked coding; undefined where it is not complete
   */
  send(output: Output, to: RequestTarget, wire: Wire, end: Buffer | undefined): void {
    this.#kept!.send(output, to, wire, end);
  }

  /** It will not be sent again. */
  drop(): void {
    if (this.#kept === undefined) return;
    this.#spare.give(this.#kept);
    this.#kept = undefined;
  }
}
