/**
 * An inspection of policies: keys and forms of the configuration, times in milliseconds.
 */
import type {
  BreakerPolicy,
  HealthPolicy,
  PassivePolicy,
  PoolPolicy,
  RetryPolicy,
  StatusRange,
  StickyPolicy,
} from "./model.ts";

/** The policy of a pool; blocks that are off are null. */
export function policyJson({
  hash,
  sticky,
  health,
  passive,
  breaker,
  queue,
  dns,
  ...plain
}: PoolPolicy) {
  return {
    load_balancing: {
      algorithm: plain.algorithm,
      hash: plain.algorithm === "consistent-hash" ? hash : null,
      bounded_load: plain.boundedLoadPercent / 100,
      sticky: sticky === undefined ? null : stickyJson(sticky),
      slow_start_ms: plain.slowStartMs,
      panic_threshold: plain.panicPercent,
    },
    health_check: health === undefined ? null : healthJson(health),
    passive: passive === undefined ? null : passiveJson(passive),
    circuit_breaker: breaker === undefined ? null : breakerJson(breaker),
    queue: { max: queue.waitersMax, timeout_ms: queue.timeoutMs },
    dns: { refresh_ms: dns.refreshMs, family: dns.family },
  };
}

/** The retries of a service. */
export function retryJson({ on, backoff, ...retry }: RetryPolicy) {
  return {
    attempts: retry.attempts,
    on: [
      ...(on.connectFailure ? ["connect-failure"] : []),
      ...(on.reset ? ["reset"] : []),
      ...(on.timeout ? ["timeout"] : []),
      ...statusesJson(on.statuses),
    ],
    unsafe: retry.unsafe,
    backoff: {
      initial_ms: backoff.initialMs,
      max_ms: backoff.maxMs,
      multiplier: backoff.multiplierPercent / 100,
      jitter: backoff.jitterPercent / 100,
    },
    budget: retry.budgetPercent / 100,
    per_try_timeout_ms: retry.perTryTimeoutMs,
    buffer_bytes: retry.bufferBytes,
  };
}

function stickyJson({ cookie, secret, ttlMs, path, secure, sameSite }: StickyPolicy) {
  return { cookie, secret, ttl_ms: ttlMs, path, secure, same_site: sameSite };
}

function healthJson(health: HealthPolicy) {
  return {
    type: health.type,
    path: health.path,
    method: health.method,
    headers: health.headers.map(({ name, value }) => `${name}: ${value}`),
    host: health.host,
    port: health.port,
    expected_status: statusesJson(health.expectedStatus),
    expected_body: health.expectedBody,
    interval_ms: health.intervalMs,
    jitter_ms: health.jitterMs,
    timeout_ms: health.timeoutMs,
    unhealthy_threshold: health.unhealthyThreshold,
    healthy_threshold: health.healthyThreshold,
    initial: health.initiallyUp ? "up" : "down",
  };
}

function passiveJson(passive: PassivePolicy) {
  return {
    consecutive_failures: passive.consecutiveFailures,
    failure_rate: passive.failureRatePercent / 100,
    minimum_requests: passive.requestsMin,
    window_ms: passive.windowMs,
    ejection_time_ms: passive.ejectionMs,
    ejection_time_max_ms: passive.ejectionMaxMs,
    max_ejected_percent: passive.ejectedPercentMax,
    statuses: statusesJson(passive.statuses),
  };
}

function breakerJson(breaker: BreakerPolicy) {
  return {
    failure_threshold: breaker.failureThreshold,
    success_threshold: breaker.successThreshold,
    timeout_ms: breaker.timeoutMs,
    max_half_open_requests: breaker.halfOpenRequestsMax,
    statuses: statusesJson(breaker.statuses),
  };
}

/** As they are written: `503`, `500-599`. */
function statusesJson(ranges: readonly StatusRange[]): string[] {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
}
