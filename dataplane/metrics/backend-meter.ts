/**
 * Backend meter: what one thread has to do with one backend, as numbers.
 */
import { BACKEND, DNS_BOUNDS, LATENCY_BOUNDS, observe, TCP_BOUNDS, TLS_BOUNDS } from "./cells.ts";
import type { Recorder, Row } from "./recorder.ts";

export class BackendMeter {
  readonly id: string;
  /** Tells the backends of one thread apart. */
  readonly number: number;
  readonly #recorder: Recorder;
  #row: Row | undefined;

  /** @param id `<domain>-<url>`; "" stands for no backend and has no row */
  constructor(recorder: Recorder, id: string, number: number) {
    this.#recorder = recorder;
    this.id = id;
    this.number = number;
  }

  /** It had a row, and that has gone with the route. */
  get isForgotten(): boolean {
    return this.#row !== undefined && this.#row.isGone;
  }

  /**
   * A request is given to the backend.
   *
   * @param isReused on a connection that has served before
   * @returns what `ended` wants
   */
  started(isReused: boolean): Row {
    const row = this.#current();
    row.cells[row.at + BACKEND.active]! += 1;
    row.cells[row.at + (isReused ? BACKEND.reused : BACKEND.created)]! += 1;
    return row;
  }

  /** A connection that had served before was stale: the request waits for another one. */
  reconnected(): void {
    const row = this.#current();
    row.cells[row.at + BACKEND.created]! += 1;
  }

  /** It has nothing more to do with the request; `row` is what `started` gave. */
  static ended(row: Row): void {
    row.cells[row.at + BACKEND.active]! -= 1;
  }

  /** It could not be connected, went away, or was too slow; or it answered, and badly. */
  failed(type: "connection_error" | "http_error"): void {
    const row = this.#current();
    const cell = type === "http_error" ? BACKEND.httpErrors : BACKEND.connectionErrors;
    row.cells[row.at + cell]! += 1;
  }

  /** A health probe failed. */
  probeFailed(): void {
    const row = this.#current();
    row.cells[row.at + BACKEND.probeFailures]! += 1;
  }

  /** From the first byte of an answer to its last. Milliseconds, as below. */
  transferred(ms: number): void {
    const row = this.#current();
    observe(row.cells, row.at + BACKEND.transfer, LATENCY_BOUNDS, ms / 1_000);
  }

  /** The TCP connection stands. */
  connected(ms: number): void {
    const row = this.#current();
    observe(row.cells, row.at + BACKEND.tcp, TCP_BOUNDS, ms / 1_000);
  }

  /** Its name was looked up. */
  lookedUp(ms: number): void {
    const row = this.#current();
    observe(row.cells, row.at + BACKEND.dns, DNS_BOUNDS, ms / 1_000);
  }

  /** The TLS handshake is done. */
  handshaken(ms: number): void {
    const row = this.#current();
    observe(row.cells, row.at + BACKEND.tls, TLS_BOUNDS, ms / 1_000);
  }

  /** A backend that is in use again after its row had gone gets another. */
  #current(): Row {
    if (this.#row === undefined || this.#row.isGone) {
      this.#row = this.#recorder.row("backend", [this.id]);
    }
    return this.#row;
  }
}
