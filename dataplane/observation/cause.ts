/**
 * Causes: why an exchange came to its end, in a word for the access log.
 */
import type { DropReason } from "../metrics/cells.ts";

/** `done` is a backend's whole answer, `own` one of Balto's that is no failure of anybody's. */
export type Cause =
  | "done"
  | "own"
  | "upgraded"
  | "no_backend"
  | "queue_full"
  | "queue_timeout"
  | "connect_failed"
  | "backend_reset"
  | "backend_timeout"
  | "backend_invalid"
  | "backend_cut"
  | "client_aborted"
  | "client_slow"
  | "header_timeout"
  | "request_timeout"
  | "request_invalid"
  | "body_too_large";

/** Of Balto's own answers; any other is `own`. */
export function causeOf(status: number): Cause {
  switch (status) {
    case 400:
      return "request_invalid";
    case 408:
      return "request_timeout";
    case 413:
      return "body_too_large";
    case 503:
      return "no_backend";
    default:
      return "own";
  }
}

/** Ends that Balto brought about itself are counted by reason. */
export const DROPS: Readonly<Partial<Record<Cause, DropReason>>> = {
  no_backend: "no_backend",
  queue_full: "queue_full",
  queue_timeout: "queue_timeout",
  client_slow: "slow_reader",
  header_timeout: "header_timeout",
  request_timeout: "request_timeout",
  request_invalid: "malformed_request",
  body_too_large: "body_too_large",
};
