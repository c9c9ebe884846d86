/**
 * Kept request: what of a request has to be there should it be sent again, to the same backend or to
 * another one: its head as it was written, and its body as far as it has come.
 */
import { CRLF, type Output } from "./output.ts";
import type { Forwarding, RequestTarget } from "./request-writer.ts";
import type { Wire } from "./wire.ts";

/** Room for the heads of most requests. */
const BYTES_MIN = 2 * 1024;
/** Kept objects with more room than this are left to the garbage collector. */
const SPARE_BYTES_MAX = 16 * 1024;
const SPARE_MAX = 256;

/** For whom a head was written, and where the parts lie that say so. */
type WrittenHead = Pick<Forwarding, "target" | "prefixAt" | "hostAt">;

export class KeptRequest {
  /** Its framing towards the backend. */
  #isChunked = false;
  /** The head, and behind it the body. */
  #bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_MIN);
  #headBytes = 0;
  #bodyBytes = 0;
  #prefixAt = 0;
  #prefixEnd = 0;
  #hostAt = 0;
  #hostEnd = 0;

  /** Keeps the head that `output` holds, as `writeRequestHead` has written it. */
  keep(output: Output, { target, prefixAt, hostAt }: WrittenHead, isChunked: boolean): void {
    const { length } = output;
    this.#isChunked = isChunked;
    if (this.#bytes.length < length) this.#bytes = Buffer.allocUnsafeSlow(length);
    output.bytes.copy(this.#bytes, 0, 0, length);
    this.#headBytes = length;
    this.#bodyBytes = 0;
    this.#prefixAt = prefixAt;
    this.#prefixEnd = prefixAt + target.pathPrefix.length;
    this.#hostAt = hostAt;
    this.#hostEnd = hostAt + target.authority.length;
  }

  /** Bytes of the body that are kept. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Keeps a piece of the body. `lengthMax` is the most that there will be, as far as that is known. */
  keepBody(bytes: Buffer, start: number, end: number, lengthMax: number): void {
    const before = this.#headBytes + this.#bodyBytes;
    const length = before + end - start;
    if (this.#bytes.length < length) {
      const room = Math.min(this.#headBytes + lengthMax, this.#bytes.length * 2);
      const larger = Buffer.allocUnsafeSlow(Math.max(room, length));
      this.#bytes.copy(larger, 0, 0, before);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, before, start, end);
    this.#bodyBytes += end - start;
  }

  /**
   * Sends head and body as far as they are here.
   *
   * @param end what ends a body in the chunked coding; undefined where it is not complete
   */
  send(output: Output, to: RequestTarget, wire: Wire, end: Buffer | undefined): void {
    output.clear();
    this.#writeHead(output, to);
    const length = this.#bodyBytes;
    if (length > 0) {
      const bodyEnd = this.#headBytes + length;
      if (this.#isChunked) output.chunkSize(length);
      if (this.#bytes.length <= SPARE_BYTES_MAX) output.copy(this.#bytes, this.#headBytes, bodyEnd);
      else {
        // Written as it stands: so much is never used for another request.
        output.flush(wire);
        wire.write(this.#bytes.subarray(this.#headBytes, bodyEnd));
      }
      if (this.#isChunked) output.put(CRLF);
    }
    if (this.#isChunked && end !== undefined) output.put(end);
    output.flush(wire);
  }

  #writeHead(output: Output, to: RequestTarget): void {
    const head = this.#bytes;
    output.copy(head, 0, this.#prefixAt);
    output.put(to.pathPrefix);
    if (this.#hostAt === -1) {
      output.copy(head, this.#prefixEnd, this.#headBytes);
      return;
    }
    output.copy(head, this.#prefixEnd, this.#hostAt);
    output.put(to.authority);
    output.copy(head, this.#hostEnd, this.#headBytes);
  }

  /** It has not grown so large that it should not be used again. */
  get isSpare(): boolean {
    return this.#bytes.length <= SPARE_BYTES_MAX;
  }
}

/** The kept requests of a worker that are in nobody's use. */
export class KeptRequests {
  readonly #spare: KeptRequest[] = [];

  take(): KeptRequest {
    return this.#spare.pop() ?? new KeptRequest();
  }

  give(request: KeptRequest): void {
    if (request.isSpare && this.#spare.length < SPARE_MAX) this.#spare.push(request);
  }
}
