/**
 * Answer drain: reads the body of an answer that nobody is given, so that its connection can be kept.
 * Where that would take too much or too long the connection is closed instead.
 */
import type { UpstreamConnection, UpstreamUser } from "../pool/upstream-connection.ts";
import type { Runtime } from "../runtime.ts";
import { BodyDecoder } from "./body.ts";

const BYTES_MAX = 64 * 1024;
/** In all. */
const TIME_MS = 1_000;

/** The first bytes behind the head that the runtime's `responseHead` was parsed from. */
export interface BodyStart {
  bytes: Buffer;
  at: number;
  end: number;
  /** The request's method is HEAD. */
  toHead: boolean;
}

export class AnswerDrain implements UpstreamUser {
  readonly #upstream: UpstreamConnection;
  readonly #decoder = new BodyDecoder();
  readonly #keepAliveSeconds: number;
  #bytes = 0;

  /** Drains a connection that is then its backend's, or closed. */
  static begin(runtime: Runtime, upstream: UpstreamConnection, start: BodyStart): void {
    const { responseHead: head, deadlines } = runtime;
    const drain = new AnswerDrain(upstream, head.keepAliveSeconds);
    const isTooLong =
      head.beginBody(drain.#decoder, start.toHead) && head.contentLength > BYTES_MAX;
    if (!head.keepAlive || isTooLong || drain.#decoder.endsWithConnection) {
      return upstream.destroy();
    }
    upstream.reassign(drain);
    upstream.deadline = deadlines.in(TIME_MS);
    drain.onResponseBytes(start.bytes, start.at, start.end);
  }

  private constructor(upstream: UpstreamConnection, keepAliveSeconds: number) {
    this.#upstream = upstream;
    this.#keepAliveSeconds = keepAliveSeconds;
  }

  onResponseBytes(bytes: Buffer, start: number, end: number): void {
    const decoder = this.#decoder;
    this.#bytes += end - start;
    if (decoder.done) decoder.next = start;
    else if (this.#bytes > BYTES_MAX || !decoder.read(bytes, start, end)) {
      return this.#upstream.destroy();
    }
    if (!decoder.done) return;
    if (decoder.next < end) this.#upstream.destroy();
    else this.#upstream.release(this.#keepAliveSeconds);
  }

  onUpstreamConnected(): void {}
  onUpstreamDrain(): void {}
  onUpstreamClosed(): void {}

  onUpstreamEnd(): boolean {
    return false;
  }

  onUpstreamDeadline(): boolean {
    return true;
  }
}
