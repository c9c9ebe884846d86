/**
 * Thread meter: what one thread has to do, as numbers.
 */
import { DROP_REASONS, type DropReason, LATENCY_BOUNDS, observe, THREAD } from "./cells.ts";
import type { Row } from "./recorder.ts";

export class ThreadMeter {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor({ cells, at }: Row) {
    this.#cells = cells;
    this.#at = at;
  }

  connectionOpened(): void {
    this.#add(THREAD.accepted, 1);
    this.#add(THREAD.connections, 1);
  }

  connectionClosed(): void {
    this.#add(THREAD.connections, -1);
  }

  /** A request has begun, or has ended. */
  exchangeBegun(): void {
    this.#add(THREAD.exchanges, 1);
  }

  /** @param counts false for what is no traffic: probes, and what operators ask */
  exchangeEnded(counts: boolean): void {
    this.#add(THREAD.exchanges, -1);
    if (counts) this.#add(THREAD.requests, 1);
  }

  tunnelOpened(): void {
    this.#add(THREAD.tunnels, 1);
  }

  tunnelClosed(): void {
    this.#add(THREAD.tunnels, -1);
  }

  /** A request begins to wait for a backend that is not full. */
  queued(): void {
    this.#add(THREAD.waiting, 1);
  }

  /** It waits no more. Milliseconds. */
  unqueued(ms: number): void {
    this.#add(THREAD.waiting, -1);
    observe(this.#cells, this.#at + THREAD.queue, LATENCY_BOUNDS, ms / 1_000);
  }

  dropped(reason: DropReason): void {
    this.#add(THREAD.drops + DROP_REASONS.indexOf(reason), 1);
  }

  /** So many things of the thread may take only so long. */
  watches(count: number): void {
    this.#cells[this.#at + THREAD.deadlines] = count;
  }

  /** How late the thread was to do what was due. Milliseconds. */
  lagged(ms: number): void {
    observe(this.#cells, this.#at + THREAD.lag, LATENCY_BOUNDS, ms / 1_000);
  }

  /** Numbers for which there was no room. */
  countUnrecorded(): void {
    this.#add(THREAD.unrecorded, 1);
  }

  spansDropped(count: number): void {
    this.#add(THREAD.spansDropped, count);
  }

  #add(cell: number, count: number): void {
    this.#cells[this.#at + cell]! += count;
  }
}
