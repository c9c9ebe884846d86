/**
 * A generator of whole models in canonical form: what `decode` gives back for what `encode` was given.
 */
import fc from "fast-check";

import {
  ALGORITHMS,
  type Backend,
  LOG_LEVELS,
  type Model,
  type Origin,
  type Pool,
  type Service,
  type Settings,
  type Timeouts,
} from "../../artifact/model.ts";
import { routedServices } from "./services.ts";

/** Any text that an artifact takes: no control characters, no half surrogate pairs. */
const text = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((raw) => raw.replaceAll(/[\p{Cc}\p{Cs}]/gu, "~").toWellFormed());
const word = fc.oneof(fc.constantFrom("", "a", "services/a.yaml", "10.0.0.0/8"), text);
const words = fc.array(word, { maxLength: 4 });
const ms = fc.oneof(fc.constantFrom(0, 1, 5_000, 0x7fffffff), fc.nat());
const u32 = fc.oneof(fc.constantFrom(0, 1, 0xfffffffe, 0xffffffff), fc.nat(1_000));

const origin: fc.Arbitrary<Origin> = fc.record({ file: word, line: u32, column: u32 });
const timeouts: fc.Arbitrary<Timeouts> = fc.record({
  connectMs: ms,
  responseMs: ms,
  readMs: ms,
  writeMs: ms,
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
  }),
  tls: fc.record({ enabled: fc.boolean(), certFile: word, keyFile: word }),
  cors: fc.record({ enabled: fc.boolean(), allowedOrigins: words }),
});
const backend: fc.Arbitrary<Backend> = fc.record({
  url: word,
  weight: fc.oneof(fc.constantFrom(1, 1_000_000), fc.integer({ min: 1, max: 1_000_000 })),
  name: word,
  origin,
});
const pool: fc.Arbitrary<Pool> = fc.record({
  key: word,
  algorithm: fc.constantFrom(...ALGORITHMS),
  backends: fc.array(backend, { maxLength: 3 }),
});
const pools = fc.uniqueArray(pool, { selector: ({ key }) => key, minLength: 1, maxLength: 5 });

/** What a service has beside what the matcher goes by; `pool` is any number. */
const rest = fc.record({
  name: word,
  stripPrefix: fc.boolean(),
  preserveHost: fc.boolean(),
  timeouts,
  bodyBytesMax: fc.oneof(
    fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.maxSafeNat(),
  ),
  pool: fc.nat(),
  origin,
});

/** A model in canonical form. */
export const model: fc.Arbitrary<Model> = fc
  .record({ settings, pools, routed: routedServices, rests: fc.array(rest, { minLength: 40 }) })
  .map(({ settings, pools, routed, rests }) => {
    const services = routed.map((service, index): Service => {
      const more = rests[index % rests.length]!;
      return { ...service, ...more, pool: more.pool % pools.length };
    });
    return { settings, pools, services };
  });
