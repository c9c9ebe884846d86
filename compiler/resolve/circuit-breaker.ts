/**
 * Circuit breaker: the `circuit_breaker` block of a service, a pool or `global`.
 */
import type { BreakerPolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { CircuitBreaker } from "../../schema/types.gen.ts";
import { Block, type Draft } from "./block.ts";
import { durationKey, readNumber, readTruth } from "./scalar.ts";
import { parseStatus, readStatuses } from "./status.ts";

interface BreakerSettings extends BreakerPolicy {
  enabled: boolean;
}

export type BreakerDraft = Draft<BreakerSettings>;

const DEFAULTS = POOL_DEFAULTS.circuit_breaker;

export const CIRCUIT_BREAKER = new Block<CircuitBreaker, BreakerSettings>({
  enabled: { key: "enabled", read: readTruth, fallback: DEFAULTS.enabled },
  failureThreshold: {
    key: "failure_threshold",
    read: readNumber,
    fallback: DEFAULTS.failure_threshold,
  },
  successThreshold: {
    key: "success_threshold",
    read: readNumber,
    fallback: DEFAULTS.success_threshold,
  },
  timeoutMs: durationKey("timeout", DEFAULTS.timeout, 1, 24),
  halfOpenRequestsMax: {
    key: "max_half_open_requests",
    read: readNumber,
    fallback: DEFAULTS.max_half_open_requests,
  },
  statuses: {
    key: "statuses",
    read: readStatuses,
    fallback: DEFAULTS.statuses.map((text) => parseStatus(text)!),
  },
});

/** What holds; undefined where it is turned off. */
export function completeBreaker(
  own: BreakerDraft | undefined,
  global: BreakerDraft | undefined,
): BreakerPolicy | undefined {
  const { enabled, ...policy } = CIRCUIT_BREAKER.complete(own, global);
  return enabled ? policy : undefined;
}
