/**
 * A generator of whole models in canonical form: what `decode` gives back for what `encode` was given.
 */
import fc from "fast-check";

import {
  ADDRESS_FAMILIES,
  ALGORITHMS,
  ACCESS_LOG_FORMATS,
  BACKSLASH_RULES,
  UNDERSCORE_RULES,
  COOKIE_SECURE,
  HASH_SOURCES,
  LOG_LEVELS,
  type Model,
  type Origin,
  type Pool,
  type PoolPolicy,
  PROBE_TYPES,
  PROXY_SENDS,
  type ProxyAcceptance,
  type RetryPolicy,
  SAME_SITES,
  type Service,
  type ServicePolicy,
  type Settings,
  type StatusRange,
  type Stream,
  STREAM_PROTOCOLS,
  type StreamPolicy,
} from "../../artifact/model.ts";
import { usesTable } from "../../artifact/maglev.ts";
import { routedServices } from "./services.ts";

/** Any text that an artifact takes: no control characters, no half surrogate pairs. */
const text = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((raw) => raw.replaceAll(/[\p{Cc}\p{Cs}]/gu, "~").toWellFormed());
const word = fc.oneof(fc.constantFrom("", "a", "services/a.yaml", "10.0.0.0/8"), text);
const words = fc.array(word, { maxLength: 4 });
const ms = fc.oneof(fc.constantFrom(0, 1, 5_000, 0x7fffffff), fc.nat());
const u32 = fc.oneof(fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff), fc.nat(1_000));

const positiveMs = ms.map((value) => Math.max(value, 1));

const origin: fc.Arbitrary<Origin> = fc.record({ file: word, line: u32, column: u32 });
const acceptance: fc.Arbitrary<ProxyAcceptance> = fc.record({
  accept: fc.boolean(),
  trusted: words,
  timeoutMs: positiveMs,
});
const settings: fc.Arbitrary<Settings> = fc.record({
  listen: word,
  trustedProxies: words,
  readTimeoutMs: ms,
  writeTimeoutMs: ms,
  idleTimeoutMs: ms,
  drainDelayMs: ms,
  drainTimeoutMs: ms,
  logLevels: fc.subarray([...LOG_LEVELS]),
  logPath: word,
  metricsEnabled: fc.boolean(),
  limits: fc.record({
    headBytesMax: fc.integer({ min: 1, max: 65_536 }),
    fieldsMax: fc.integer({ min: 1, max: 1_000 }),
    targetBytesMax: fc.integer({ min: 1, max: 65_536 }),
    headerTimeoutMs: ms,
    connectionsMax: fc.nat(10_000_000),
    clientConnectionsMax: fc.nat(10_000_000),
    connectionRequestsMax: fc.nat(1_000_000_000),
    viaHopsMax: fc.integer({ min: 1, max: 100 }),
  }),
  proxyProtocol: acceptance,
  tls: fc.record({ enabled: fc.boolean(), certFile: word, keyFile: word }),
  cors: fc.record({ enabled: fc.boolean(), allowedOrigins: words }),
  accessLog: fc.record({
    enabled: fc.boolean(),
    format: fc.constantFrom(...ACCESS_LOG_FORMATS),
    path: word,
    sampleMillionths: fc.nat(1_000_000),
    query: fc.boolean(),
  }),
  tracing: fc.record({ endpoint: word, serviceName: word, sampleMillionths: fc.nat(1_000_000) }),
  requestId: fc.record({ enabled: fc.boolean() }),
  admin: fc.record({ listen: word, writerUrl: word, allowedOrigins: words, readers: words }),
  underscores: fc.constantFrom(...UNDERSCORE_RULES),
  encodedBackslash: fc.constantFrom(...BACKSLASH_RULES),
  strictPaths: fc.boolean(),
  forwardTrailers: fc.boolean(),
  via: word,
});
const percent = fc.nat(100);
const threshold = fc.oneof(fc.constantFrom(1, 100_000), fc.integer({ min: 1, max: 100 }));
const dayMs = fc.oneof(fc.constantFrom(1, 86_400_000), fc.integer({ min: 1, max: 86_400_000 }));
const status = fc.integer({ min: 100, max: 599 });
const statuses: fc.Arbitrary<StatusRange[]> = fc.array(fc.record({ first: status, last: status }), {
  maxLength: 3,
});
/** Undefined as often as not, so that both meet. */
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });

const poolPolicy: fc.Arbitrary<PoolPolicy> = fc.record({
  algorithm: fc.constantFrom(...ALGORITHMS),
  hash: fc.record({ by: fc.constantFrom(...HASH_SOURCES), name: word }),
  boundedLoadPercent: fc.nat(10_000),
  sticky: maybe(
    fc.record({
      cookie: word,
      secret: word,
      ttlMs: ms,
      path: word,
      secure: fc.constantFrom(...COOKIE_SECURE),
      sameSite: fc.constantFrom(...SAME_SITES),
    }),
  ),
  slowStartMs: ms,
  panicPercent: percent,
  health: maybe(
    fc.record({
      type: fc.constantFrom(...PROBE_TYPES),
      path: word,
      method: word,
      headers: fc.array(fc.record({ name: word, value: word }), { maxLength: 3 }),
      host: word,
      port: fc.nat(65_535),
      expectedStatus: statuses,
      expectedBody: word,
      intervalMs: positiveMs,
      jitterMs: ms,
      timeoutMs: positiveMs,
      unhealthyThreshold: threshold,
      healthyThreshold: threshold,
      initiallyUp: fc.boolean(),
    }),
  ),
  passive: maybe(
    fc.record({
      consecutiveFailures: fc.nat(100_000),
      failureRatePercent: percent,
      requestsMin: threshold,
      windowMs: dayMs,
      ejectionMs: dayMs,
      ejectionMaxMs: dayMs,
      ejectedPercentMax: percent,
      statuses,
    }),
  ),
  breaker: maybe(
    fc.record({
      failureThreshold: threshold,
      successThreshold: threshold,
      timeoutMs: dayMs,
      halfOpenRequestsMax: fc.integer({ min: 1, max: 64 }),
      statuses,
    }),
  ),
  queue: fc.record({ waitersMax: fc.nat(1_000_000), timeoutMs: ms }),
  dns: fc.record({ refreshMs: positiveMs, family: fc.constantFrom(...ADDRESS_FAMILIES) }),
});
const pool: fc.Arbitrary<Pool> = fc
  .record({
    key: word,
    label: word,
    policy: poolPolicy,
    backends: fc.array(
      fc.record({
        url: word,
        weight: fc.oneof(fc.constantFrom(1, 1_000_000), fc.integer({ min: 1, max: 1_000_000 })),
        name: word,
        priority: fc.nat(255),
        connectionsMax: fc.nat(1_000_000),
        origin,
      }),
      { maxLength: 3 },
    ),
    table: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
    origin,
  })
  .map((raw) => {
    const { backends, policy, table, origin: place } = raw;
    const hasTable = usesTable(policy.algorithm) && backends.length > 0;
    return {
      ...raw,
      backends: backends.map((one) => ({ ...one, origin: { ...one.origin, file: place.file } })),
      table: hasTable ? table.map((entry) => entry % backends.length) : [],
    };
  });
const pools = fc.uniqueArray(pool, { selector: ({ key }) => key, minLength: 1, maxLength: 5 });

const retry: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: fc.nat(10),
  on: fc.record({
    connectFailure: fc.boolean(),
    reset: fc.boolean(),
    timeout: fc.boolean(),
    statuses,
  }),
  unsafe: fc.boolean(),
  backoff: fc.record({
    initialMs: ms,
    maxMs: ms,
    multiplierPercent: fc.integer({ min: 100, max: 10_000 }),
    jitterPercent: percent,
  }),
  budgetPercent: fc.nat(1_000),
  perTryTimeoutMs: ms,
  bufferBytes: fc.nat(1 << 24),
});
const servicePolicy: fc.Arbitrary<ServicePolicy> = fc.record({
  stripPrefix: fc.boolean(),
  preserveHost: fc.boolean(),
  timeouts: fc.record({
    connectMs: ms,
    responseMs: ms,
    readMs: ms,
    writeMs: ms,
    requestMs: ms,
    tunnelMs: ms,
  }),
  bodyBytesMax: fc.oneof(
    fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.maxSafeNat(),
  ),
  retry,
  hedgeAfterMs: ms,
});

/** What a service has beside what the matcher goes by; `pool` is any number. */
const rest = fc
  .record({ name: word, policy: servicePolicy, pool: fc.nat(), origin })
  .map(({ policy, ...more }) => ({ ...more, ...policy }));

const streamPolicy: fc.Arbitrary<StreamPolicy> = fc.record({
  connectMs: positiveMs,
  idleMs: positiveMs,
  clientHelloMs: positiveMs,
  connectionsMax: fc.nat(10_000_000),
  clientConnectionsMax: fc.nat(10_000_000),
  sessionsMax: fc.integer({ min: 1, max: 10_000_000 }),
  proxyProtocol: fc
    .record({ acceptance, send: fc.constantFrom(...PROXY_SENDS) })
    .map(({ acceptance: accepting, send }) => ({ ...accepting, send })),
  allow: words,
  deny: words,
});
const names = fc.array(word, { minLength: 1, maxLength: 3 });
/** `pool` is any number, in its routes, too. */
const stream: fc.Arbitrary<Stream<number>> = fc.record({
  name: word,
  listen: word,
  protocol: fc.constantFrom(...STREAM_PROTOCOLS),
  pool: fc.option(fc.nat(), { nil: undefined }),
  sni: fc.array(fc.record({ names, pool: fc.nat() }), { maxLength: 3 }),
  policy: streamPolicy,
  origin,
});
const streams = fc.array(stream, { maxLength: 4 });

/** A model in canonical form. */
export const model: fc.Arbitrary<Model> = fc
  .record({
    settings,
    pools,
    routed: routedServices,
    rests: fc.array(rest, { minLength: 40 }),
    streams,
  })
  .map(({ settings, pools, routed, rests, streams: raw }) => {
    const services = routed.map((service, index): Service => {
      const more = rests[index % rests.length]!;
      return { ...service, ...more, pool: pools[more.pool % pools.length]! };
    });
    const known = raw.map((one) => ({
      ...one,
      pool: one.pool === undefined ? undefined : pools[one.pool % pools.length],
      sni: one.sni.map((route) => ({ ...route, pool: pools[route.pool % pools.length]! })),
    }));
    return { settings, pools, services, streams: known };
  });
