/**
 * Messages of observation: between the observers of the workers and the main thread's `Observation`.
 */
import type { Place, RecorderMessage } from "../metrics/recorder.ts";
import type { ExchangeSpan } from "../tracing/span.ts";

/** What an observer is given when its worker starts. */
export interface ObservationStart {
  /** What a `Recorder` begins with, and what a `LineWriter` writes to. */
  metrics: SharedArrayBuffer;
  lines: SharedArrayBuffer;
}

export type FromObserver =
  | RecorderMessage
  /** Many lines of the access log wait. */
  | { type: "lines" }
  | { type: "spans"; spans: ExchangeSpan[] };

export type ToObserver =
  /** Rows that are not wanted any more. */
  | { type: "forget"; places: Place[] }
  /** Spans have come. */
  | { type: "spans-taken" };
