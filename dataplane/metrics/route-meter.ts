/**
 * Route meter: from a route to the rows of its requests, in a few nanoseconds.
 */
import type { BackendMeter } from "./backend-meter.ts";
import { ANSWER, EXCHANGE, LATENCY_BOUNDS, observe } from "./cells.ts";
import { METHOD_LABELS } from "./method-label.ts";
import type { Recorder, Row } from "./recorder.ts";

/** What is counted of a request when it is over. Bytes of content, milliseconds. */
export interface Counted {
  status: number;
  requestBytes: number;
  responseBytes: number;
  /** Attempts after the first. */
  retries: number;
  totalMs: number;
  /** Until the head of a backend's answer was here; -1 where there was none. */
  ttfbMs: number;
}

/** The route as one generation has it. */
export class RouteMeter {
  readonly #recorder: Recorder;
  readonly #service: string;
  readonly #pattern: string;
  readonly #generation: number;
  /** The first method and backend; most routes have one. */
  #firstKey = -1;
  #first: ExchangeMeter | undefined;
  #others: Map<number, ExchangeMeter> | undefined;

  constructor(recorder: Recorder, service: string, pattern: string) {
    this.#recorder = recorder;
    this.#service = service;
    this.#pattern = pattern;
    this.#generation = recorder.generation;
  }

  /** Counts a request. `method` is a number of `METHOD_LABELS`. */
  count(method: number, backend: BackendMeter, counted: Counted): void {
    const key = backend.number * METHOD_LABELS.length + method;
    let meter = key === this.#firstKey ? this.#first : this.#others?.get(key);
    if (meter === undefined || meter.row.isGone) {
      // The route has gone meanwhile; its rows shall not come back.
      if (this.#service !== "" && this.#generation !== this.#recorder.generation) return;
      const labels = [this.#service, this.#pattern, METHOD_LABELS[method]!, backend.id];
      meter = this.#recorder.exchange(labels);
      if (!meter.row.isGone) this.#keep(key, meter);
    }
    meter.count(counted);
  }

  #keep(key: number, meter: ExchangeMeter): void {
    if (this.#first === undefined || key === this.#firstKey) {
      this.#firstKey = key;
      this.#first = meter;
    } else (this.#others ??= new Map<number, ExchangeMeter>()).set(key, meter);
  }
}

/** One service, route, method and backend. */
export class ExchangeMeter {
  readonly row: Row;
  readonly #recorder: Recorder;
  readonly #labels: readonly string[];
  /** The first status; most have one. */
  #firstStatus = -1;
  #first: Row | undefined;
  #others: Map<number, Row> | undefined;

  /** @param labels service, route, method, backend */
  constructor(recorder: Recorder, labels: readonly string[]) {
    this.#recorder = recorder;
    this.#labels = labels;
    this.row = recorder.row("exchange", labels);
  }

  count({ status, requestBytes, responseBytes, retries, totalMs, ttfbMs }: Counted): void {
    const { cells, at } = this.row;
    cells[at + EXCHANGE.requestBytes]! += requestBytes;
    cells[at + EXCHANGE.responseBytes]! += responseBytes;
    if (retries > 0) cells[at + EXCHANGE.retries]! += retries;
    if (ttfbMs >= 0) observe(cells, at + EXCHANGE.ttfb, LATENCY_BOUNDS, ttfbMs / 1_000);
    let answer = status === this.#firstStatus ? this.#first : this.#others?.get(status);
    if (answer === undefined || answer.isGone) {
      answer = this.#recorder.row("answer", [...this.#labels, String(status)]);
      if (!answer.isGone) this.#keep(status, answer);
    }
    observe(answer.cells, answer.at + ANSWER.duration, LATENCY_BOUNDS, totalMs / 1_000);
  }

  #keep(status: number, answer: Row): void {
    if (this.#first === undefined || status === this.#firstStatus) {
      this.#firstStatus = status;
      this.#first = answer;
    } else (this.#others ??= new Map<number, Row>()).set(status, answer);
  }
}
