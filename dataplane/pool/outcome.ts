/**
 * Outcome: how a request to a backend has ended, as far as the backend is concerned.
 */
export type Outcome =
  | "success"
  | "connect-failure"
  | "reset"
  | "timeout"
  /** An answer whose status counts as a failure: for breaker and passive check, or for one of them. */
  | "status"
  | "breaker-status"
  | "passive-status"
  /** The client has gone, or nobody can tell: neither a success nor a failure. */
  | "aborted";

/** True where it counts against the backend, for the breaker or the passive check. */
export function isFailure(outcome: Outcome): boolean {
  return outcome !== "success" && outcome !== "aborted";
}

/** True where it counts against the backend for the circuit breaker. */
export function failsBreaker(outcome: Outcome): boolean {
  return outcome !== "success" && outcome !== "passive-status" && outcome !== "aborted";
}

/** True where it counts against the backend for the passive check. */
export function failsPassive(outcome: Outcome): boolean {
  return outcome !== "success" && outcome !== "breaker-status" && outcome !== "aborted";
}
