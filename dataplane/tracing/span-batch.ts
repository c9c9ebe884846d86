/**
 * Span batch: spans of a worker on their way to the main thread, some at a time. Where it does not keep
 * up, they are dropped.
 */
import type { ExchangeSpan } from "./span.ts";

/** So many go at once, and those that are fewer after so long. */
const SPANS_MAX = 128;
const WAIT_MS = 500;
/** Batches that have been sent and not been taken. */
const UNTAKEN_MAX = 16;

export class SpanBatch {
  readonly #send: (spans: ExchangeSpan[]) => void;
  readonly #drop: (count: number) => void;
  #spans: ExchangeSpan[] = [];
  #untaken = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (spans: ExchangeSpan[]) => void, drop: (count: number) => void) {
    this.#send = send;
    this.#drop = drop;
  }

  add(span: ExchangeSpan): void {
    if (this.#spans.push(span) === SPANS_MAX) return this.flush();
    this.#timer ??= setTimeout(() => this.flush(), WAIT_MS).unref();
  }

  /** A batch has been taken. */
  taken(): void {
    this.#untaken--;
  }

  /** Sends what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    if (this.#untaken >= UNTAKEN_MAX) return this.#drop(spans.length);
    this.#untaken++;
    this.#send(spans);
  }
}
