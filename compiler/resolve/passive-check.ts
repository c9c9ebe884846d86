/**
 * Passive checks: the `passive` block of a health check.
 */
import type { PassivePolicy } from "../../artifact/model.ts";
import { POOL_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Passive } from "../../schema/types.gen.ts";
import { Block, type Draft } from "./block.ts";
import { durationKey, readNumber, readPercent, readTruth, toPercent } from "./scalar.ts";
import { parseStatus, readStatuses } from "./status.ts";

export interface PassiveSettings extends PassivePolicy {
  enabled: boolean;
}

export type PassiveDraft = Draft<PassiveSettings>;

const DEFAULTS = POOL_DEFAULTS.health_check.passive;

export const PASSIVE_CHECK = new Block<Passive, PassiveSettings>({
  enabled: { key: "enabled", read: readTruth, fallback: DEFAULTS.enabled },
  consecutiveFailures: {
    key: "consecutive_failures",
    read: readNumber,
    fallback: DEFAULTS.consecutive_failures,
  },
  failureRatePercent: {
    key: "failure_rate",
    read: readPercent,
    fallback: toPercent(DEFAULTS.failure_rate),
  },
  requestsMin: {
    key: "minimum_requests",
    read: readNumber,
    fallback: DEFAULTS.minimum_requests,
  },
  windowMs: durationKey("window", DEFAULTS.window, 1, 24),
  ejectionMs: durationKey("ejection_time", DEFAULTS.ejection_time, 1, 24),
  ejectionMaxMs: durationKey("ejection_time_max", DEFAULTS.ejection_time_max, 1, 24),
  ejectedPercentMax: {
    key: "max_ejected_percent",
    read: readNumber,
    fallback: DEFAULTS.max_ejected_percent,
  },
  statuses: {
    key: "statuses",
    read: readStatuses,
    fallback: DEFAULTS.statuses.map((text) => parseStatus(text)!),
  },
});
