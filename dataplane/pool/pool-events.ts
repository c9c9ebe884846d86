/**
 * Pool events: what becomes of backends, told once for the process by the thread that brought it about.
 * The main thread writes them to the log.
 */
import type { LogLevel } from "../../artifact/model.ts";
import type { Fields, Log } from "../log.ts";

export type PoolEvent =
  | { kind: "breaker-opened"; backendId: string; failureThreshold: number }
  | { kind: "breaker-half-open"; backendId: string; timeoutMs: number }
  | { kind: "breaker-closed"; backendId: string; successThreshold: number }
  /** Taken out by its traffic. `total` counts the times in a row. */
  | {
      kind: "ejected";
      backendId: string;
      forMs: number;
      total: number;
      reason: "consecutive failures" | "failure rate";
    }
  /** The time is over, or probes have found it well. */
  | { kind: "returned"; backendId: string }
  /** By probes. */
  | { kind: "down"; backendId: string; reason: string; failures: number }
  | { kind: "up"; backendId: string; successes: number };

/** Writes an event in the words and fields that users of Balto know. */
export function logPoolEvent(log: Log, event: PoolEvent): void {
  const [level, message, fields] = lineOf(event);
  log.write(level, "pool", message, { backend_id: event.backendId, ...fields });
}

function lineOf(event: PoolEvent): [level: LogLevel, message: string, fields: Fields] {
  switch (event.kind) {
    case "breaker-opened":
      return ["warn", "Circuit breaker opened", { failure_threshold: event.failureThreshold }];
    case "breaker-half-open":
      return [
        "info",
        "Circuit breaker half-open (probing)",
        { timeout_seconds: event.timeoutMs / 1000 },
      ];
    case "breaker-closed":
      return ["info", "Circuit breaker closed", { success_threshold: event.successThreshold }];
    case "ejected":
      return [
        "warn",
        "Backend ejected",
        { reason: event.reason, seconds: event.forMs / 1000, times: event.total },
      ];
    case "returned":
      return ["info", "Backend returned", {}];
    case "down":
      return ["warn", "Backend down", { reason: event.reason, failures: event.failures }];
    case "up":
      return ["info", "Backend up", { successes: event.successes }];
  }
}
