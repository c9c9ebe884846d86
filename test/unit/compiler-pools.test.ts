// Pools and policies: what global, a pool and a service say of them, and what comes of it.

import { expect, it } from "vitest";
import { buildTable } from "../../artifact/maglev.ts";
import type { PoolPolicy, ServicePolicy } from "../../artifact/model.ts";
import { compile } from "../../compiler/compile.ts";
import { POOL_POLICY, SERVICE_POLICY } from "../fixtures/artifact-model.ts";
import { clean, codesOf, compileService, tree } from "./compiler-tree.ts";

const service = (rest: string): string =>
  `name: api\ndomain: api.example.com\npath_prefix: /*\nports: [8081]\n${rest}\n`;

/** The policy of the one pool of a service, below what `global` says. */
function poolPolicy(rest: string, global = "{}"): PoolPolicy {
  const config = `global: ${global}\n`;
  const result = compile(tree({ "balto.config.yaml": config, "services/a.yaml": service(rest) }));
  return clean(result).model.pools[0]!.policy;
}

function servicePolicy(rest: string, global = "{}"): ServicePolicy {
  const config = `global: ${global}\n`;
  const result = compile(tree({ "balto.config.yaml": config, "services/a.yaml": service(rest) }));
  const {
    name: _n,
    domains: _d,
    pattern: _p,
    methods: _m,
    predicates: _c,
    priority: _r,
    pool: _o,
    origin: _a,
    ...policy
  } = clean(result).model.services[0]!;
  return policy;
}

it("has the defaults that the fixtures of other tests have", () => {
  expect(poolPolicy("")).toEqual(POOL_POLICY);
  expect(servicePolicy("")).toEqual(SERVICE_POLICY);
});

it("reads every key of a pool's blocks", () => {
  const policy = poolPolicy(`
load_balancing:
  algorithm: consistent-hash
  hash: { by: cookie, name: session }
  bounded_load: 1.5
  sticky:
    { cookie: back, secret: "\${file:/run/s}", ttl: 1h, path: /shop, secure: true, same_site: strict }
  slow_start: 30s
  panic_threshold: 20
health_check:
  type: https
  path: /ready?full=1
  method: HEAD
  headers: { X-B: "b \${env:T}", X-A: a }
  host: users.internal:8443
  port: 9000
  expected_status: [302, "200-204", 203]
  expected_body: ready
  interval: 2s
  jitter: 0s
  timeout: 1500ms
  unhealthy_threshold: 3
  healthy_threshold: 2
  initial: down
  passive:
    { consecutive_failures: 5, failure_rate: 0.25, minimum_requests: 50, window: 1m, ejection_time: 5s,
      ejection_time_max: 10m, max_ejected_percent: 34, statuses: [503] }
circuit_breaker:
  { failure_threshold: 3, success_threshold: 2, timeout: 20s, max_half_open_requests: 1, statuses: [502, 500] }
dns: { refresh: 1m, family: ipv6 }`);
  expect(policy).toEqual({
    algorithm: "consistent-hash",
    hash: { by: "cookie", name: "session" },
    boundedLoadPercent: 150,
    sticky: {
      cookie: "back",
      secret: "${file:/run/s}",
      ttlMs: 3_600_000,
      path: "/shop",
      secure: "true",
      sameSite: "strict",
    },
    slowStartMs: 30_000,
    panicPercent: 20,
    health: {
      type: "https",
      path: "/ready?full=1",
      method: "HEAD",
      headers: [
        { name: "X-A", value: "a" },
        { name: "X-B", value: "b ${env:T}" },
      ],
      host: "users.internal:8443",
      port: 9_000,
      expectedStatus: [
        { first: 200, last: 204 },
        { first: 302, last: 302 },
      ],
      expectedBody: "ready",
      intervalMs: 2_000,
      jitterMs: 0,
      timeoutMs: 1_500,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
      initiallyUp: false,
    },
    passive: {
      consecutiveFailures: 5,
      failureRatePercent: 25,
      requestsMin: 50,
      windowMs: 60_000,
      ejectionMs: 5_000,
      ejectionMaxMs: 600_000,
      ejectedPercentMax: 34,
      statuses: [{ first: 503, last: 503 }],
    },
    breaker: {
      failureThreshold: 3,
      successThreshold: 2,
      timeoutMs: 20_000,
      halfOpenRequestsMax: 1,
      statuses: [
        { first: 500, last: 500 },
        { first: 502, last: 502 },
      ],
    },
    queue: { waitersMax: 100, timeoutMs: 1_000 },
    dns: { refreshMs: 60_000, family: "ipv6" },
  });
});

it("reads every key of a service's own blocks", () => {
  const policy = servicePolicy(`
timeouts: { connect: 1s, response: 2s, read: 3s, write: 4s, request: 18s, tunnel: 6s }
retry:
  attempts: 2
  on: [timeout, 503, "502-504"]
  unsafe: true
  backoff: { initial: 10ms, max: 1s, multiplier: 1.5, jitter: 0 }
  budget: 0.1
  per_try_timeout: 5s
  buffer: 0B
hedge: { after: 0s }`);
  expect(policy).toEqual({
    ...SERVICE_POLICY,
    timeouts: {
      connectMs: 1_000,
      responseMs: 2_000,
      readMs: 3_000,
      writeMs: 4_000,
      requestMs: 18_000,
      tunnelMs: 6_000,
    },
    retry: {
      attempts: 2,
      on: {
        connectFailure: false,
        reset: false,
        timeout: true,
        statuses: [{ first: 502, last: 504 }],
      },
      unsafe: true,
      backoff: { initialMs: 10, maxMs: 1_000, multiplierPercent: 150, jitterPercent: 0 },
      budgetPercent: 10,
      perTryTimeoutMs: 5_000,
      bufferBytes: 0,
    },
  });
  expect(servicePolicy("hedge: { after: 200ms }").hedgeAfterMs).toBe(200);
});

it("takes from global what a service leaves out, key by key, in nested blocks too", () => {
  const global = `{
    load_balancing: { algorithm: p2c, slow_start: 5s, sticky: { secret: "\${env:S}", ttl: 1m } },
    health_check: { path: /up, interval: 5s, passive: { window: 30s, ejection_time: 3s } },
    circuit_breaker: { failure_threshold: 7, timeout: 2s },
    queue: { max: 1, timeout: 3s }, dns: { family: ipv4 },
    retry: { attempts: 2, backoff: { initial: 1ms, max: 2ms } },
    timeouts: { read: 9s, connect: 8s, request: 7m } }`;
  const rest = `
load_balancing: { slow_start: 1s, sticky: { path: /a } }
health_check: { interval: 6s, passive: { window: 31s } }
circuit_breaker: { timeout: 4s }
retry: { backoff: { max: 4ms } }
timeouts: { connect: 1s }`;
  expect(poolPolicy(rest, global)).toMatchObject({
    algorithm: "p2c",
    slowStartMs: 1_000,
    sticky: { secret: "${env:S}", ttlMs: 60_000, path: "/a", cookie: "balto_backend" },
    health: { path: "/up", intervalMs: 6_000, timeoutMs: 1_000 },
    passive: { windowMs: 31_000, ejectionMs: 3_000, consecutiveFailures: 10 },
    breaker: { failureThreshold: 7, timeoutMs: 4_000, successThreshold: 10 },
    queue: { waitersMax: 1, timeoutMs: 3_000 },
    dns: { family: "ipv4", refreshMs: 10_000 },
  });
  expect(servicePolicy(rest, global)).toMatchObject({
    // Global `read` is the client's.
    timeouts: { connectMs: 1_000, requestMs: 420_000, readMs: 60_000, responseMs: 60_000 },
    retry: { attempts: 2, backoff: { initialMs: 1, maxMs: 4, multiplierPercent: 200 } },
  });
});

it("applies the global algorithm, which is what the block is for", () => {
  expect(poolPolicy("", "{ load_balancing: { algorithm: least-connections } }").algorithm).toBe(
    "least-connections",
  );
});

it("gives a hash of a service the place of the global one as a whole", () => {
  const global = "{ load_balancing: { algorithm: consistent-hash, hash_key: header:X-User } }";
  expect(poolPolicy("", global).hash).toEqual({ by: "header", name: "X-User" });
  expect(poolPolicy("load_balancing: { hash: { by: path } }", global).hash).toEqual({
    by: "path",
    name: "",
  });
  // An algorithm that does not look at it has none.
  expect(poolPolicy("load_balancing: { algorithm: ip-hash }", global).hash).toEqual({
    by: "source-ip",
    name: "",
  });
});

it.each([
  ["source-ip", { by: "source-ip", name: "" }],
  ["path", { by: "path", name: "" }],
  ["header:X-User", { by: "header", name: "X-User" }],
  ["cookie:session", { by: "cookie", name: "session" }],
  ["query:a:b", { by: "query", name: "a:b" }],
])("reads the hash key %s", (key, hash) => {
  const policy = poolPolicy(`load_balancing: { algorithm: consistent-hash, hash_key: "${key}" }`);
  expect(policy.hash).toEqual(hash);
});

it.each([
  ["weighted-round-robin", "weighted-rr", 0],
  ["power-of-two", "p2c", 0],
  ["peak-ewma", "ewma", 0],
  ["consistent-hash", "consistent-hash", 0],
  ["bounded-consistent-hash", "consistent-hash", 125],
  ["bounded-load", "consistent-hash", 125],
])("knows %s as another name of %s", (name, algorithm, boundedLoadPercent) => {
  const policy = poolPolicy(`load_balancing: { algorithm: ${name} }`);
  expect(policy).toMatchObject({ algorithm, boundedLoadPercent });
});

it("lets a bound that is written win over the one that comes with a name", () => {
  const named = (bound: string) =>
    poolPolicy(`load_balancing: { algorithm: bounded-load, bounded_load: ${bound} }`);
  expect(named("2").boundedLoadPercent).toBe(200);
  expect(named("0").boundedLoadPercent).toBe(0);
  const global = "{ load_balancing: { bounded_load: 1.1 } }";
  const policy = poolPolicy("load_balancing: { algorithm: bounded-load }", global);
  expect(policy.boundedLoadPercent).toBe(110);
});

it("turns off what global has on", () => {
  const global = `{ health_check: {}, load_balancing: { sticky: { secret: "\${env:S}" } } }`;
  expect(poolPolicy("", global)).toMatchObject({ health: { path: "/api/health" }, passive: {} });
  const off = poolPolicy(
    "health_check: { enabled: false }\nload_balancing: { sticky: { enabled: false } }\ncircuit_breaker: { enabled: false }",
    global,
  );
  const none = { health: undefined, passive: undefined, sticky: undefined, breaker: undefined };
  expect(off).toMatchObject(none);
  expect(poolPolicy("health_check: { type: none }", global)).toMatchObject({
    health: undefined,
    passive: { consecutiveFailures: 10 },
  });
  expect(poolPolicy("health_check: { passive: { enabled: false } }", global)).toMatchObject({
    health: { type: "http" },
    passive: undefined,
  });
});

it("shares one policy where services say nothing of their own", () => {
  const file = `services:
  - { domain: a.example.com, path_prefix: /*, ports: [1] }
  - { domain: b.example.com, path_prefix: /*, ports: [2] }
`;
  const { pools, services } = clean(compileService(file)).model;
  expect(pools[0]!.policy).toBe(pools[1]!.policy);
  expect(services[0]!.retry).toBe(services[1]!.retry);
});

const pools = `pools:
  - name: users
    backends:
      - { url: "http://a:1", priority: 1, max_connections: 5, weight: 2 }
      - { url: "http://b:1", enabled: false }
      - { url: "http://c:1" }
    load_balancing: { algorithm: ip-hash }
    queue: { max: 7 }
`;

it("gives services the pool that they name, once for all of them", () => {
  const { model } = clean(
    compile(
      tree({
        "pools/team/users.yaml": pools,
        "services/a.yaml": `services:
  - { name: z, domain: z.example.com, path_prefix: /*, pool: users }
  - { name: a, domain: a.example.com, path_prefix: /*, ports: [1] }
  - { name: users, domain: b.example.com, path_prefix: /*, pool: users }
`,
      }),
    ),
  );
  expect(model.pools.map(({ key, label }) => [key, label])).toEqual([
    ["a", "a.example.com"],
    ["users", "users"],
  ]);
  expect(model.services.map(({ name, pool }) => [name, pool])).toEqual([
    ["a", model.pools[0]],
    ["users", model.pools[1]],
    ["z", model.pools[1]],
  ]);
  const [, users] = model.pools;
  expect(users).toMatchObject({
    policy: { algorithm: "ip-hash", queue: { waitersMax: 7, timeoutMs: 1_000 } },
    // A disabled backend is not in the artifact.
    backends: [
      { url: "http://a:1", priority: 1, connectionsMax: 5, weight: 2 },
      { url: "http://c:1", priority: 0, connectionsMax: 0, weight: 1 },
    ],
    origin: { file: "pools/team/users.yaml", line: 2, column: 5 },
  });
  expect(users!.table).toEqual(buildTable(users!.backends));
});

it("reads a file under pools/ that is one pool, and pools of balto.config.yaml", () => {
  const { model } = clean(
    compile(
      tree({
        "pools/a.yaml": "name: a\nports: [1]\n",
        "balto.config.yaml": `pools: [{ name: b, ports: [2] }]
services:
  - { domain: a.example.com, path_prefix: /*, pool: a }
  - { domain: b.example.com, path_prefix: /*, pool: b }
`,
      }),
    ),
  );
  expect(model.pools.map(({ key }) => key)).toEqual(["a", "b"]);
});

it("leaves out pools that no enabled service uses, and warns only where none at all does", () => {
  const result = compile(
    tree({
      "pools/a.yaml": "name: a\nports: [1]\n",
      "pools/b.yaml": "name: b\nports: [2]\n",
      "services/s.yaml": `services:
  - { domain: a.example.com, path_prefix: /*, ports: [3] }
  - { domain: b.example.com, path_prefix: /*, pool: b, enabled: false }
`,
    }),
  );
  expect(codesOf(result)).toEqual(["BAL5007"]);
  expect(result.model!.pools).toHaveLength(1);
});

it("takes a pool whose backends are all disabled, with a warning", () => {
  const result = compileService(
    "domain: a.b\npath_prefix: /\nbackends: [{ url: 'http://a:1', enabled: false }]\nload_balancing: { algorithm: ip-hash }\n",
  );
  expect(codesOf(result)).toEqual(["BAL5011"]);
  expect(result.model!.pools[0]).toMatchObject({ backends: [], table: [] });
  expect(result.artifact).toBeDefined();
});

it("lets priorities have gaps", () => {
  const backends = "[{ url: 'http://a:1', priority: 3 }, { url: 'http://b:1', priority: 200 }]";
  expect(codesOf(compileService(`domain: a.b\npath_prefix: /\nbackends: ${backends}\n`))).toEqual(
    [],
  );
});

it("takes the DNS name of a service, whose ports are its own", () => {
  const file = (url: string) => `domain: a.b\npath_prefix: /\nbackends: [{ url: "${url}" }]\n`;
  const { model } = clean(compileService(file("http://_http._tcp.users.internal")));
  expect(model.pools[0]!.backends[0]!.url).toBe("http://_http._tcp.users.internal:80");
  expect(codesOf(compileService(file("http://_http._tcp.users.internal:81")))).toEqual(["BAL5008"]);
});

it("says nothing of times that are left at their defaults", () => {
  expect(codesOf(compileService(service("timeouts: { request: 2s }")))).toEqual([]);
});

it("reads files of any number of levels, however they are ordered", () => {
  const files = {
    "services/a.yaml": service("").replace("ports: [8081]", "pool: p"),
    "balto.config.yaml": "global: { load_balancing: { algorithm: random } }\n",
    "pools/x/y/z.yml": "name: p\nports: [1]\n",
    // Sorts before balto.config.yaml, and must not be read before it.
    "alpha.yaml": "x: 1\n",
  };
  const result = compile(tree(files));
  expect(codesOf(result)).toEqual(["BAL5003"]);
  expect(result.model!.pools[0]!.policy.algorithm).toBe("random");
});
