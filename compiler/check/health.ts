/**
 * Health checks: times that contradict each other, and passive checks that can do nothing.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PoolDraft } from "../resolve/pool.ts";
import { reportInversion } from "./inversion.ts";

/** Warns of a block of health checks; of what `global` says only together with it. */
export function checkHealth({ policy, blocks }: PoolDraft, log: DiagnosticLog): void {
  const { health, passive } = policy;
  const probes = blocks?.health?.probes.given;
  const ejections = blocks?.health?.passive?.given;
  const timeoutAt = (probes?.timeoutMs ?? probes?.intervalMs)?.at;
  if (health !== undefined && timeoutAt !== undefined && health.timeoutMs > health.intervalMs) {
    reportInversion(log, timeoutAt, {
      key: "health_check.timeout",
      ms: health.timeoutMs,
      other: "health_check.interval",
      limitMs: health.intervalMs,
      what: "probes of one backend overlap",
    });
  }
  if (passive === undefined || ejections === undefined) return;
  const timeAt = (ejections.ejectionMs ?? ejections.ejectionMaxMs)?.at;
  if (timeAt !== undefined && passive.ejectionMs > passive.ejectionMaxMs) {
    reportInversion(log, timeAt, {
      key: "passive.ejection_time",
      ms: passive.ejectionMs,
      other: "passive.ejection_time_max",
      limitMs: passive.ejectionMaxMs,
      what: "the shorter one is what holds",
    });
  }
  const reason =
    passive.ejectedPercentMax === 0
      ? "max_ejected_percent is 0, so no backend is ever taken out"
      : passive.consecutiveFailures === 0 && passive.failureRatePercent === 0
        ? "neither consecutive_failures nor failure_rate is set"
        : undefined;
  if (reason !== undefined) {
    const help = "set enabled: false where no passive checks are meant";
    log.report("BAL5008", blocks!.health!.passive!.at, { key: "passive", reason, help });
  }
}
