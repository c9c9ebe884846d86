/**
 * Linger: a client's connection behind its last answer. What still comes in is read for a while and dropped:
 * closing a socket with unread bytes would send a reset, which can take the answer with it.
 */
import type { Expiring } from "../deadlines.ts";
import { LINGER_BYTES_MAX, LINGER_IN_BODY_MS, LINGER_MS } from "../limits.ts";
import type { Runtime } from "../runtime.ts";
import type { Wire } from "./wire.ts";

export class Linger implements Expiring {
  deadline = Infinity;
  readonly #runtime: Runtime;
  readonly #wire: Wire;
  readonly #ms: number;
  #bytes = 0;

  /**
   * Ends a connection behind what has been written.
   *
   * @param isInBody a body may be on its way, whose client may write all of it before it reads
   */
  constructor(runtime: Runtime, wire: Wire, isInBody: boolean) {
    this.#runtime = runtime;
    this.#wire = wire;
    this.#ms = isInBody ? LINGER_IN_BODY_MS : LINGER_MS;
    runtime.deadlines.add(this);
    wire.resume();
    wire.end();
    if (wire.isFlushed) this.onDrain();
    else this.#armWrite();
  }

  /** The connection has gone. */
  end(): void {
    this.#runtime.deadlines.remove(this);
  }

  onData(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > LINGER_BYTES_MAX) this.#wire.destroy();
  }

  /** The client has taken everything. */
  onDrain(): void {
    this.deadline = this.#runtime.deadlines.in(this.#ms);
  }

  onDeadline(): void {
    if (!this.#wire.isFlushed && this.#wire.hasProgressed()) this.#armWrite();
    else this.#wire.destroy();
  }

  /** A client that takes nothing for too long is cut off. */
  #armWrite(): void {
    const { deadlines, generation } = this.#runtime;
    this.deadline = deadlines.in(generation.settings.writeTimeoutMs);
  }
}
