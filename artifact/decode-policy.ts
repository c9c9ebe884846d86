/**
 * Decode a policy: one row of `poolPolicies` or `servicePolicies` as a plain object, for whoever
 * begins to use a pool or a service; nothing of it is on the way of a request.
 */
import {
  ADDRESS_FAMILIES,
  ALGORITHMS,
  type BreakerPolicy,
  COOKIE_SECURE,
  HASH_SOURCES,
  type HealthPolicy,
  type PassivePolicy,
  type PoolPolicy,
  PROBE_TYPES,
  type RetryPolicy,
  SAME_SITES,
  type ServicePolicy,
  type StatusRange,
  type StickyPolicy,
} from "./model.ts";
import { NONE, type RowSection } from "./layout.ts";
import { RowReader, type View } from "./view.ts";

/** The policy in a row of `poolPolicies`. */
export function poolPolicyOf(view: View, row: number): PoolPolicy {
  const policy = new RowReader(view, "poolPolicies");
  const part = <T>(name: "sticky" | "health" | "passive" | "breaker", read: Reading<T>) => {
    const at = policy.number(row, name);
    return at === NONE ? undefined : read(view, at);
  };
  return {
    algorithm: ALGORITHMS[policy.number(row, "algorithm")]!,
    hash: {
      by: HASH_SOURCES[policy.number(row, "hashBy")]!,
      name: policy.text(row, "hashName"),
    },
    boundedLoadPercent: policy.number(row, "boundedLoadPercent"),
    sticky: part("sticky", stickyOf),
    slowStartMs: policy.number(row, "slowStartMs"),
    panicPercent: policy.number(row, "panicPercent"),
    health: part("health", healthOf),
    passive: part("passive", passiveOf),
    breaker: part("breaker", breakerOf),
    queue: {
      waitersMax: policy.number(row, "waitersMax"),
      timeoutMs: policy.number(row, "queueTimeoutMs"),
    },
    dns: {
      refreshMs: policy.number(row, "dnsRefreshMs"),
      family: ADDRESS_FAMILIES[policy.number(row, "dnsFamily")]!,
    },
  };
}

type Reading<T> = (view: View, row: number) => T;

/** The policy in a row of `servicePolicies`. */
export function servicePolicyOf(view: View, row: number): ServicePolicy {
  const policy = new RowReader(view, "servicePolicies");
  const high = policy.number(row, "bodyBytesMaxHigh");
  return {
    stripPrefix: policy.number(row, "stripPrefix") === 1,
    preserveHost: policy.number(row, "preserveHost") === 1,
    timeouts: {
      connectMs: policy.number(row, "connectMs"),
      responseMs: policy.number(row, "responseMs"),
      readMs: policy.number(row, "readMs"),
      writeMs: policy.number(row, "writeMs"),
      requestMs: policy.number(row, "requestMs"),
      tunnelMs: policy.number(row, "tunnelMs"),
    },
    bodyBytesMax: high * 2 ** 32 + policy.number(row, "bodyBytesMaxLow"),
    retry: retryOf(view, policy.number(row, "retry")),
    hedgeAfterMs: policy.number(row, "hedgeAfterMs"),
  };
}

function retryOf(view: View, row: number): RetryPolicy {
  const policy = new RowReader(view, "retryPolicies");
  return {
    attempts: policy.number(row, "attempts"),
    on: {
      connectFailure: policy.number(row, "onConnectFailure") === 1,
      reset: policy.number(row, "onReset") === 1,
      timeout: policy.number(row, "onTimeout") === 1,
      statuses: statusesOf(view, policy.number(row, "onStatuses")),
    },
    unsafe: policy.number(row, "unsafe") === 1,
    backoff: {
      initialMs: policy.number(row, "backoffInitialMs"),
      maxMs: policy.number(row, "backoffMaxMs"),
      multiplierPercent: policy.number(row, "backoffMultiplierPercent"),
      jitterPercent: policy.number(row, "backoffJitterPercent"),
    },
    budgetPercent: policy.number(row, "budgetPercent"),
    perTryTimeoutMs: policy.number(row, "perTryTimeoutMs"),
    bufferBytes: policy.number(row, "bufferBytes"),
  };
}

function stickyOf(view: View, row: number): StickyPolicy {
  const policy = new RowReader(view, "stickyPolicies");
  return {
    cookie: policy.text(row, "cookie"),
    secret: policy.text(row, "secret"),
    ttlMs: policy.number(row, "ttlMs"),
    path: policy.text(row, "path"),
    secure: COOKIE_SECURE[policy.number(row, "secure")]!,
    sameSite: SAME_SITES[policy.number(row, "sameSite")]!,
  };
}

function healthOf(view: View, row: number): HealthPolicy {
  const policy = new RowReader(view, "healthPolicies");
  const fields = new RowReader(view, "probeFields");
  return {
    type: PROBE_TYPES[policy.number(row, "type")]!,
    path: policy.text(row, "path"),
    method: policy.text(row, "method"),
    headers: listRows(fields, policy.number(row, "headers")).map((field) => ({
      name: fields.text(field, "name"),
      value: fields.text(field, "value"),
    })),
    host: policy.text(row, "host"),
    port: policy.number(row, "port"),
    expectedStatus: statusesOf(view, policy.number(row, "expectedStatus")),
    expectedBody: policy.text(row, "expectedBody"),
    intervalMs: policy.number(row, "intervalMs"),
    jitterMs: policy.number(row, "jitterMs"),
    timeoutMs: policy.number(row, "timeoutMs"),
    unhealthyThreshold: policy.number(row, "unhealthyThreshold"),
    healthyThreshold: policy.number(row, "healthyThreshold"),
    initiallyUp: policy.number(row, "initiallyUp") === 1,
  };
}

function passiveOf(view: View, row: number): PassivePolicy {
  const policy = new RowReader(view, "passivePolicies");
  return {
    consecutiveFailures: policy.number(row, "consecutiveFailures"),
    failureRatePercent: policy.number(row, "failureRatePercent"),
    requestsMin: policy.number(row, "requestsMin"),
    windowMs: policy.number(row, "windowMs"),
    ejectionMs: policy.number(row, "ejectionMs"),
    ejectionMaxMs: policy.number(row, "ejectionMaxMs"),
    ejectedPercentMax: policy.number(row, "ejectedPercentMax"),
    statuses: statusesOf(view, policy.number(row, "statuses")),
  };
}

function breakerOf(view: View, row: number): BreakerPolicy {
  const policy = new RowReader(view, "breakerPolicies");
  return {
    failureThreshold: policy.number(row, "failureThreshold"),
    successThreshold: policy.number(row, "successThreshold"),
    timeoutMs: policy.number(row, "timeoutMs"),
    halfOpenRequestsMax: policy.number(row, "halfOpenRequestsMax"),
    statuses: statusesOf(view, policy.number(row, "statuses")),
  };
}

function statusesOf(view: View, first: number): StatusRange[] {
  const ranges = new RowReader(view, "statusRanges");
  return listRows(ranges, first).map((row) => ({
    first: ranges.number(row, "first"),
    last: ranges.number(row, "last"),
  }));
}

/** The rows of a list that begins at `first` and goes on while `more` is set. */
export function listRows<S extends RowSection & ("statusRanges" | "probeFields" | "streamRoutes")>(
  reader: RowReader<S>,
  first: number,
): number[] {
  const rows: number[] = [];
  for (let row = first, more = first !== NONE; more; row++) {
    rows.push(row);
    more = reader.number(row, "more" as never) === 1;
  }
  return rows;
}
