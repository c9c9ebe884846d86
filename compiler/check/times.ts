/**
 * Times of a service: limits that are never reached, because the whole exchange has a shorter one.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PoolDraft } from "../resolve/pool.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { TimeoutsDraft } from "../resolve/timeouts.ts";
import type { Span } from "../source-text.ts";
import { firstOfFiles } from "./first-of-files.ts";
import { reportInversion } from "./inversion.ts";

/** Warns where a service says something of either time. `pool` is its pool where that is known. */
export function checkTimes(
  { policy, blocks }: ServiceDraft,
  pool: PoolDraft | undefined,
  log: DiagnosticLog,
): void {
  const { timeouts, retry, hedgeAfterMs } = policy;
  const limits: TimeoutsDraft["given"] = blocks.timeouts?.given ?? {};
  const report = (
    key: string,
    ms: number,
    at: Span | undefined,
    other: string,
    limitMs: number,
    what: string,
  ): void => {
    if (at === undefined || ms === 0 || limitMs === 0 || ms < limitMs) return;
    reportInversion(log, at, { key, ms, other, limitMs, what });
  };
  const never = "it is never reached";
  const whole = { key: "timeouts.request", ms: timeouts.requestMs, at: limits.requestMs?.at };
  const retryGiven = blocks.retry?.plain.given;
  report(
    "retry.per_try_timeout",
    retry.perTryTimeoutMs,
    retryGiven?.perTryTimeoutMs?.at ?? whole.at,
    whole.key,
    whole.ms,
    "no further attempt is ever made",
  );
  const hedgeAt = blocks.hedge?.given.afterMs?.at;
  report("hedge.after", hedgeAfterMs, hedgeAt ?? whole.at, whole.key, whole.ms, never);
  report("hedge.after", hedgeAfterMs, hedgeAt, "timeouts.response", timeouts.responseMs, never);
  // What is left at its default is longer than most limits of the whole, and says nothing.
  report("timeouts.connect", timeouts.connectMs, limits.connectMs?.at, whole.key, whole.ms, never);
  const responseAt = limits.responseMs?.at;
  report("timeouts.response", timeouts.responseMs, responseAt, whole.key, whole.ms, never);
  const queueAt = pool?.blocks?.queue?.given.timeoutMs?.at;
  const queueMs = pool?.policy.queue.timeoutMs ?? 0;
  report("queue.timeout", queueMs, queueAt, whole.key, whole.ms, never);
  const { initialMs, maxMs } = retry.backoff;
  const backoff = blocks.retry?.backoff?.given;
  const backoffAt = (backoff?.initialMs ?? backoff?.maxMs)?.at;
  if (backoffAt !== undefined && initialMs > maxMs) {
    const what = "the shorter one is what holds";
    const [key, other] = ["retry.backoff.initial", "retry.backoff.max"] as const;
    reportInversion(log, backoffAt, { key, ms: initialMs, other, limitMs: maxMs, what });
  }
}

/** Warns where a process that stops does not wait for as long as a service may take, once a file. */
export function checkDrain(
  { settings, places, sums, services }: ResolvedTree,
  log: DiagnosticLog,
): void {
  const { drainTimeoutMs: limitMs } = settings;
  if (limitMs === 0 || sums.every(({ requestMsMost }) => requestMsMost <= limitMs)) return;
  const found = services().flatMap(({ enabled, policy, blocks }) => {
    const { requestMs: ms } = policy.timeouts;
    // Where neither was said for this, the defaults are nobody's mistake.
    const at = blocks.timeouts?.given.requestMs?.at ?? places.drainTimeout;
    return at === undefined || ms <= limitMs || !enabled ? [] : [{ at, ms }];
  });
  for (const { at, ms, more } of firstOfFiles(found)) {
    const others = more === 0 ? "" : `, and so are those of ${more} more services`;
    const what = `a request that takes so long is cut when the process stops${others}`;
    const other = "server.drain.timeout";
    reportInversion(log, at, { key: "timeouts.request", ms, other, limitMs, what });
  }
}
