import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { parseGolden } from "../golden/golden-file.ts";
import { clean, codesOf, compileService, tree } from "./compiler-tree.ts";

const api = "domain: api.example.com\npath_prefix: /api/v1/*\nports: [8081]\n";

it("fills in every default", () => {
  const { model } = clean(compileService(api));
  expect(model).toEqual({
    settings: {
      listen: ":5500",
      trustedProxies: [],
      readTimeoutMs: 5_000,
      writeTimeoutMs: 5_000,
      idleTimeoutMs: 30_000,
      drainDelayMs: 0,
      drainTimeoutMs: 20_000,
      logLevels: ["info"],
      logPath: "",
      metricsEnabled: true,
      limits: {
        headBytesMax: 32_768,
        fieldsMax: 128,
        targetBytesMax: 16_384,
        headerTimeoutMs: 10_000,
        connectionsMax: 0,
        clientConnectionsMax: 0,
        connectionRequestsMax: 0,
        viaHopsMax: 3,
      },
      proxyProtocol: { accept: false, trusted: [], timeoutMs: 5_000 },
      tls: { enabled: false, certFile: "", keyFile: "" },
      cors: { enabled: false, allowedOrigins: [] },
      accessLog: {
        enabled: false,
        format: "json",
        path: "",
        sampleMillionths: 1_000_000,
        query: false,
      },
      tracing: { endpoint: "", serviceName: "balto", sampleMillionths: 1_000_000 },
      requestId: { enabled: true },
      admin: { listen: "", writerUrl: "", allowedOrigins: [], readers: [] },
      underscores: "reject",
      encodedBackslash: "reject",
      strictPaths: false,
      forwardTrailers: false,
      via: "",
    },
    streams: [],
    pools: [
      {
        key: "api.example.com/api/v1/*",
        label: "api.example.com",
        policy: {
          algorithm: "round-robin",
          hash: { by: "source-ip", name: "" },
          boundedLoadPercent: 0,
          sticky: undefined,
          slowStartMs: 0,
          panicPercent: 50,
          health: undefined,
          passive: undefined,
          breaker: {
            failureThreshold: 10,
            successThreshold: 10,
            timeoutMs: 10_000,
            halfOpenRequestsMax: 5,
            statuses: [{ first: 500, last: 599 }],
          },
          queue: { waitersMax: 100, timeoutMs: 1_000 },
          dns: { refreshMs: 10_000, family: "auto" },
        },
        backends: [
          {
            url: "http://${env:BALTO_UPSTREAM_HOST:-localhost}:8081",
            weight: 1,
            name: "",
            priority: 0,
            connectionsMax: 0,
            origin: { file: "services/api.yaml", line: 3, column: 9 },
          },
        ],
        table: [],
        origin: { file: "services/api.yaml", line: 1, column: 1 },
      },
    ],
    services: [
      {
        name: "api.example.com/api/v1/*",
        domains: ["api.example.com"],
        pattern: "/api/v1/*",
        methods: [],
        predicates: [],
        priority: 0,
        stripPrefix: true,
        preserveHost: false,
        timeouts: {
          connectMs: 5_000,
          responseMs: 60_000,
          readMs: 60_000,
          writeMs: 60_000,
          requestMs: 0,
          tunnelMs: 3_600_000,
        },
        bodyBytesMax: 0,
        retry: {
          attempts: 0,
          on: { connectFailure: true, reset: true, timeout: true, statuses: [] },
          unsafe: false,
          backoff: { initialMs: 25, maxMs: 250, multiplierPercent: 200, jitterPercent: 50 },
          budgetPercent: 20,
          perTryTimeoutMs: 0,
          bufferBytes: 65_536,
        },
        hedgeAfterMs: 0,
        pool: model?.pools[0],
        origin: { file: "services/api.yaml", line: 1, column: 1 },
      },
    ],
  });
});

it("reads every key of the configuration", () => {
  const config = `
global:
  load_balancing: { algorithm: weighted-rr }
  tls: { enabled: true, cert_file: /tls/a.crt, key_file: "\${env:KEY}" }
  logging: { level: [error, info], path: /var/log/balto.log }
  metrics: { enabled: false }
  cors: { enabled: true, allowed_origins: ["https://App.example.com", "*"] }
  timeouts: { read: 1s, write: 1m30s, idle: 500ms }
  access_log: { enabled: true, format: combined, path: /var/log/access.log, sample_rate: 0.01, query: true }
  tracing: { endpoint: "\${env:OTEL_EXPORTER_OTLP_ENDPOINT:-}", service_name: edge, sample_rate: 1e-9 }
  request_id: { enabled: false }
admin:
  listen: unix:/run/balto/\${env:NAME}.sock
  readers: [10.0.3.0/24]
  allowed_origins: ["https://Console.example.com"]
  writer_url: https://writer.internal
server:
  port: "127.0.0.1:\${env:PORT:-5500}"
  trusted_proxies: ["FD00::/8", 10.0.0.7]
  proxy_protocol: { accept: true, trusted: ["FD00::/8", 10.0.0.7], timeout: 3s }
  limits:
    { head: 8KiB, fields: 50, target: 512B, header_timeout: 2s, connections: 20, connections_per_client: 3,
      requests_per_connection: 1000, via_hops: 1 }
  underscores: drop
  encoded_backslash: allow
  strict_paths: true
  forward_trailers: true
  via: edge-1
  drain: { delay: 5s, timeout: 0s }
services:
  - name: users
    domains: ["*.Example.com", "*"]
    path_prefix: /users/:id
    methods: [POST, GET]
    backends:
      - { url: "HTTPS://Users.internal/base/", weight: 3, name: a }
      - url: http://\${env:HOST}:\${env:PORT:-80}/x
    strip_prefix: false
    preserve_host: true
    max_body: 5GiB
    timeouts: { connect: 1s, response: 2s, read: 3s, write: 4s }
  - { name: old, enabled: false, domain: old.example.com, path_prefix: /, ports: [1] }
`;
  const { model } = clean(compile(tree({ "balto.config.yaml": config })));
  expect(model.settings).toEqual({
    listen: "127.0.0.1:${env:PORT:-5500}",
    trustedProxies: ["10.0.0.7/32", "fd00::/8"],
    readTimeoutMs: 1_000,
    writeTimeoutMs: 90_000,
    idleTimeoutMs: 500,
    drainDelayMs: 5_000,
    drainTimeoutMs: 0,
    logLevels: ["info", "error"],
    logPath: "/var/log/balto.log",
    metricsEnabled: false,
    limits: {
      headBytesMax: 8_192,
      fieldsMax: 50,
      targetBytesMax: 512,
      headerTimeoutMs: 2_000,
      connectionsMax: 20,
      clientConnectionsMax: 3,
      connectionRequestsMax: 1_000,
      viaHopsMax: 1,
    },
    proxyProtocol: { accept: true, trusted: ["10.0.0.7/32", "fd00::/8"], timeoutMs: 3_000 },
    tls: { enabled: true, certFile: "/tls/a.crt", keyFile: "${env:KEY}" },
    cors: { enabled: true, allowedOrigins: ["*", "https://app.example.com"] },
    accessLog: {
      enabled: true,
      format: "combined",
      path: "/var/log/access.log",
      sampleMillionths: 10_000,
      query: true,
    },
    tracing: {
      endpoint: "${env:OTEL_EXPORTER_OTLP_ENDPOINT:-}",
      serviceName: "edge",
      sampleMillionths: 1,
    },
    requestId: { enabled: false },
    admin: {
      listen: "unix:/run/balto/${env:NAME}.sock",
      writerUrl: "https://writer.internal",
      allowedOrigins: ["https://console.example.com"],
      readers: ["10.0.3.0/24"],
    },
    underscores: "drop",
    encodedBackslash: "allow",
    strictPaths: true,
    forwardTrailers: true,
    via: "edge-1",
  });
  expect(model.services).toMatchObject([
    {
      name: "users",
      domains: ["*", "*.example.com"],
      pattern: "/users/:id",
      methods: ["GET", "POST"],
      stripPrefix: false,
      preserveHost: true,
      timeouts: { connectMs: 1_000, responseMs: 2_000, readMs: 3_000, writeMs: 4_000 },
      bodyBytesMax: 5 * 2 ** 30,
      origin: { file: "balto.config.yaml", line: 31, column: 5 },
    },
  ]);
  expect(model.pools).toMatchObject([
    {
      key: "users",
      policy: { algorithm: "weighted-rr" },
      backends: [
        { url: "https://users.internal:443/base", weight: 3, name: "a" },
        { url: "http://${env:HOST}:${env:PORT:-80}/x", weight: 1, name: "" },
      ],
    },
  ]);
});

it("takes every short form of a backend", () => {
  const ports = '[8081, "8082", "users:8083", "http://[::1]:8084/a/", "${env:ADDRESS}"]';
  const { model } = clean(compileService(api.replace("[8081]", ports)));
  expect(model.pools[0]?.backends.map(({ url }) => url)).toEqual([
    "http://${env:BALTO_UPSTREAM_HOST:-localhost}:8081",
    "http://${env:BALTO_UPSTREAM_HOST:-localhost}:8082",
    "http://users:8083",
    "http://[::1]:8084/a",
    "http://${env:ADDRESS}",
  ]);
});

it("takes a single word for a level and all more severe ones", () => {
  const config = "global: { logging: { level: warn } }\n";
  const { model } = clean(compile(tree({ "balto.config.yaml": config, "services/a.yml": api })));
  expect(model.settings.logLevels).toEqual(["warn", "error"]);
});

it("gives the same bytes whatever the order of files and keys", () => {
  const web = "ports: [3000]\npath_prefix: /*\ndomains: [web.example.com, www.example.com]\n";
  const bew = "domains: [web.example.com, www.example.com]\nports: [3000]\npath_prefix: /*\n";
  const one = compile(tree({ "services/a.yaml": api, "services/b.yaml": web }));
  const two = compile(tree({ "services/b.yaml": web, "services/a.yaml": api }));
  expect(Buffer.from(clean(two).artifact).equals(clean(one).artifact)).toBe(true);
  // Where a thing stands is part of an artifact, so moved keys change origins and nothing else.
  const moved = compile(tree({ "services/a.yaml": api, "services/b.yaml": bew }));
  expect(withoutOrigins(clean(moved).model)).toEqual(withoutOrigins(clean(one).model));
});

it("finds twelve mistakes in one run, in order and at their places", () => {
  const path = new URL("../golden/twelve-mistakes.golden", import.meta.url);
  const { diagnostics } = compile({ files: parseGolden(readFileSync(path, "utf8")).files });
  const places = diagnostics.map(({ location: { file, start } }) => ({ file, ...start }));
  expect(diagnostics).toHaveLength(12);
  expect(new Set(diagnostics.map(({ code }) => code)).size).toBe(12);
  expect(places).toEqual(
    places.toSorted(
      (a, b) =>
        (a.file < b.file ? -1 : Number(a.file > b.file)) || a.line - b.line || a.column - b.column,
    ),
  );
  for (const { location, help } of diagnostics) {
    expect(location.end.line).toBeGreaterThanOrEqual(location.start.line);
    expect(help).not.toBe("");
  }
});

it("leaves no trace of keys that are names of prototypes", () => {
  const result = compileService(`${api}__proto__: { polluted: 1 }\nconstructor: 1\ntoString: 1\n`);
  expect(codesOf(result)).toEqual(["BAL2001", "BAL2001", "BAL2001"]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

it("says once what an alias puts in two places", () => {
  const result = compileService(
    `services:
  - { domain: a.example.com, path_prefix: /, ports: [1], timeouts: &slow { read: 5 } }
  - { domain: b.example.com, path_prefix: /, ports: [1], timeouts: *slow }
`,
  );
  expect(codesOf(result)).toEqual(["BAL3001"]);
});

it("lets a disabled service wait beside the one it will replace", () => {
  const next = api.replace("8081", "8082");
  const result = compile(
    tree({ "services/a.yaml": api, "services/b.yaml": `${next}enabled: false\n` }),
  );
  expect(clean(result).model.services).toHaveLength(1);
});

it("lets two services share a route by method", () => {
  const read = `name: read\nmethods: [GET, HEAD]\n${api}`;
  const write = `name: write\nmethods: [POST]\n${api}`;
  const result = compile(tree({ "services/a.yaml": read, "services/b.yaml": write }));
  expect(clean(result).model.services.map(({ name }) => name)).toEqual(["read", "write"]);
});

it("warns without refusing", () => {
  const { diagnostics, artifact } = compileService(api.replace("8081", "8081, 8081"));
  expect(diagnostics).toMatchObject([{ code: "BAL5005", severity: "warning" }]);
  expect(artifact).toBeInstanceOf(Uint8Array);
});

it("makes what a terminal would obey visible in its texts", () => {
  const { diagnostics } = compileService(`${api}"\\e[2J\\u202Ekey\\n": 1\n`);
  expect(diagnostics[0]?.message).toBe('unknown key "\\u001b[2J\\u202ekey\\u000a"');
});

function withoutOrigins(model: object): unknown {
  return JSON.parse(
    JSON.stringify(model, (key, value: unknown) => (key === "origin" ? null : value)),
  );
}

it("tells of hosts without a start page for 20 files, and of the others how many", () => {
  const files = Object.fromEntries(
    Array.from({ length: 25 }, (_, n) => [
      `services/${String(n).padStart(2, "0")}.yaml`,
      `services:\n  - { domain: h${n}.test, path_prefix: /a, ports: [1] }\n  - { domain: h${n}.test, path_prefix: /b, ports: [1] }\n`,
    ]),
  );
  const { diagnostics } = compile(tree(files));
  expect(diagnostics).toHaveLength(20);
  expect(diagnostics[18]!.message).toMatch(/^no route of h18\.test .* answered 404$/);
  expect(diagnostics[19]!.message).toMatch(/answered 404; 5 more hosts likewise$/);
});
