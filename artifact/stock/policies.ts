/**
 * The policies of a stock's pools and services: each distinct one is one row, and so is each part that it
 * may share with others.
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
} from "../model.ts";
import type { Stock, StockRows } from "./stock.ts";

export class Policies {
  readonly #stock: Stock;
  readonly #rows: StockRows;
  /** Pools and services of one tree mostly share the very objects. */
  readonly #pools = new Map<PoolPolicy, number>();
  readonly #retries = new Map<RetryPolicy, number>();
  #last: ServicePolicy | undefined;
  #lastRow = 0;

  constructor(stock: Stock) {
    this.#stock = stock;
    this.#rows = stock.rows;
  }

  /** The row of a pool's policy. */
  pool(policy: PoolPolicy): number {
    let row = this.#pools.get(policy);
    if (row === undefined) this.#pools.set(policy, (row = this.#pool(policy)));
    return row;
  }

  /** The row of a service's policy. */
  service(policy: ServicePolicy): number {
    const last = this.#last;
    if (last === undefined || !isSame(policy, last)) this.#lastRow = this.#service(policy);
    this.#last = policy;
    return this.#lastRow;
  }

  #service(policy: ServicePolicy): number {
    const { stripPrefix, preserveHost, timeouts, bodyBytesMax, retry, hedgeAfterMs } = policy;
    return this.#rows.servicePolicies.once({
      stripPrefix: Number(stripPrefix),
      preserveHost: Number(preserveHost),
      connectMs: timeouts.connectMs,
      responseMs: timeouts.responseMs,
      readMs: timeouts.readMs,
      writeMs: timeouts.writeMs,
      requestMs: timeouts.requestMs,
      tunnelMs: timeouts.tunnelMs,
      bodyBytesMaxHigh: Math.floor(bodyBytesMax / 2 ** 32),
      bodyBytesMaxLow: bodyBytesMax >>> 0,
      retry: this.#retry(retry),
      hedgeAfterMs,
    });
  }

  #pool(policy: PoolPolicy): number {
    const { sticky, health, passive, breaker, queue, dns } = policy;
    return this.#rows.poolPolicies.once({
      algorithm: ALGORITHMS.indexOf(policy.algorithm),
      hashBy: HASH_SOURCES.indexOf(policy.hash.by),
      hashName: this.#stock.text(policy.hash.name),
      boundedLoadPercent: policy.boundedLoadPercent,
      sticky: sticky && this.#sticky(sticky),
      slowStartMs: policy.slowStartMs,
      panicPercent: policy.panicPercent,
      health: health && this.#health(health),
      passive: passive && this.#passive(passive),
      breaker: breaker && this.#breaker(breaker),
      waitersMax: queue.waitersMax,
      queueTimeoutMs: queue.timeoutMs,
      dnsRefreshMs: dns.refreshMs,
      dnsFamily: ADDRESS_FAMILIES.indexOf(dns.family),
    });
  }

  #retry(policy: RetryPolicy): number {
    const known = this.#retries.get(policy);
    if (known !== undefined) return known;
    const { on, backoff } = policy;
    const row = this.#rows.retryPolicies.once({
      attempts: policy.attempts,
      onConnectFailure: Number(on.connectFailure),
      onReset: Number(on.reset),
      onTimeout: Number(on.timeout),
      onStatuses: this.#statuses(on.statuses),
      unsafe: Number(policy.unsafe),
      backoffInitialMs: backoff.initialMs,
      backoffMaxMs: backoff.maxMs,
      backoffMultiplierPercent: backoff.multiplierPercent,
      backoffJitterPercent: backoff.jitterPercent,
      budgetPercent: policy.budgetPercent,
      perTryTimeoutMs: policy.perTryTimeoutMs,
      bufferBytes: policy.bufferBytes,
    });
    this.#retries.set(policy, row);
    return row;
  }

  #sticky({ cookie, secret, ttlMs, path, secure, sameSite }: StickyPolicy): number {
    return this.#rows.stickyPolicies.once({
      cookie: this.#stock.text(cookie),
      secret: this.#stock.text(secret),
      ttlMs,
      path: this.#stock.text(path),
      secure: COOKIE_SECURE.indexOf(secure),
      sameSite: SAME_SITES.indexOf(sameSite),
    });
  }

  #health(policy: HealthPolicy): number {
    const fields = policy.headers.map(({ name, value }) => ({
      name: this.#stock.text(name),
      value: this.#stock.text(value),
    }));
    return this.#rows.healthPolicies.once({
      type: PROBE_TYPES.indexOf(policy.type),
      path: this.#stock.text(policy.path),
      method: this.#stock.text(policy.method),
      headers: this.#rows.probeFields.list(fields),
      host: this.#stock.text(policy.host),
      port: policy.port,
      expectedStatus: this.#statuses(policy.expectedStatus),
      expectedBody: this.#stock.text(policy.expectedBody),
      intervalMs: policy.intervalMs,
      jitterMs: policy.jitterMs,
      timeoutMs: policy.timeoutMs,
      unhealthyThreshold: policy.unhealthyThreshold,
      healthyThreshold: policy.healthyThreshold,
      initiallyUp: Number(policy.initiallyUp),
    });
  }

  #passive({ statuses, ...numbers }: PassivePolicy): number {
    return this.#rows.passivePolicies.once({ ...numbers, statuses: this.#statuses(statuses) });
  }

  #breaker({ statuses, ...numbers }: BreakerPolicy): number {
    return this.#rows.breakerPolicies.once({ ...numbers, statuses: this.#statuses(statuses) });
  }

  #statuses(ranges: readonly StatusRange[]): number | undefined {
    return this.#rows.statusRanges.list(ranges.map(({ first, last }) => ({ first, last })));
  }
}

/** Whether two services agree in the very objects; those of neighbours mostly do. */
function isSame(one: ServicePolicy, other: ServicePolicy): boolean {
  return (
    one.timeouts === other.timeouts &&
    one.retry === other.retry &&
    one.stripPrefix === other.stripPrefix &&
    one.preserveHost === other.preserveHost &&
    one.bodyBytesMax === other.bodyBytesMax &&
    one.hedgeAfterMs === other.hedgeAfterMs
  );
}
