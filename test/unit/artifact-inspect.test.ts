import { expect, test } from "vitest";

import { ArtifactError } from "../../artifact/container.ts";
import { encode } from "../../artifact/encode.ts";
import { inspect, inspectJson, inspectText } from "../../artifact/inspect.ts";
import { FORMAT_VERSION, SECTIONS } from "../../artifact/layout.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, route, sampleModel } from "../fixtures/artifact-model.ts";

test("the JSON value says everything and survives JSON", () => {
  const file = encode(sampleModel, "v1.2");
  const json = inspect(file).json;
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  expect(json).toMatchObject({
    format_version: FORMAT_VERSION,
    revision: "v1.2",
    size: file.byteLength,
  });
  expect(json.digest).toBe(openArtifact(file).digest);
  expect(json.sections.map(({ name }) => name)).toEqual([...SECTIONS]);
  expect(json.sections).toContainEqual({ name: "pools", rows: 5, bytes: 160 });
  expect(json.settings).toMatchObject({
    listen: "[::1]:5500",
    trusted_proxies: ["10.0.0.0/8", "::1/128"],
    log_levels: ["info", "error"],
    tls: { enabled: true, cert_file: "/tls/crt", key_file: "${file:/run/secrets/key}" },
  });
  expect(json.services[1]).toEqual({
    name: "GET,POST api.example.com,*.example.com /users/:id",
    domains: ["api.example.com", "*.example.com"],
    path_prefix: "/users/:id",
    methods: ["GET", "POST"],
    match: [],
    priority: 0,
    strip_prefix: true,
    preserve_host: false,
    timeouts: {
      connect_ms: 5_000,
      response_ms: 60_000,
      read_ms: 60_000,
      write_ms: 60_000,
      request_ms: 0,
      tunnel_ms: 3_600_000,
    },
    retry: {
      attempts: 0,
      on: ["connect-failure", "reset", "timeout"],
      unsafe: false,
      backoff: { initial_ms: 25, max_ms: 250, multiplier: 2, jitter: 0.5 },
      budget: 0.2,
      per_try_timeout_ms: 0,
      buffer_bytes: 65_536,
    },
    hedge_after_ms: 0,
    max_body_bytes: 0,
    pool: "pool-1",
    file: "services/sample.yaml",
    line: 3,
    column: 5,
  });
  expect(json.settings.proxy_protocol).toEqual({
    accept: true,
    trusted: ["10.1.0.0/16", "fd00::/8"],
    timeout_ms: 13,
  });
  expect(json.streams[0]).toMatchObject({ name: "dns", protocol: "udp", pool: "pool-4", sni: [] });
  expect(json.streams[2]).toEqual({
    name: "tls",
    listen: "127.0.0.1:8443",
    protocol: "tcp",
    pool: null,
    sni: [
      { names: ["a.example.com", "*.example.com"], pool: "pool-3" },
      { names: ["b.example.net"], pool: "pool-3" },
    ],
    timeouts: { connect_ms: 1, idle_ms: 2, client_hello_ms: 3 },
    max_connections: 4,
    connections_per_client: 5,
    max_sessions: 6,
    proxy_protocol: { accept: true, trusted: ["10.0.0.0/8"], timeout_ms: 7, send: "v2" },
    allow: ["10.0.0.0/8", "fd00::/8"],
    deny: ["10.9.0.0/16"],
    file: "streams/sample.yaml",
    line: 3,
    column: 3,
  });
  expect(json.services[3]!.retry.on).toEqual(["502-504"]);
  expect(json.pools[0]).toMatchObject({
    key: "pool-0",
    label: "pool",
    load_balancing: { algorithm: "round-robin", hash: null, sticky: null, panic_threshold: 50 },
    health_check: null,
    passive: null,
    circuit_breaker: { failure_threshold: 10, timeout_ms: 10_000, statuses: ["500-599"] },
    queue: { max: 100, timeout_ms: 1_000 },
    table_entries: 0,
  });
  expect(json.pools[1]).toEqual({
    key: "pool-1",
    label: "pool",
    load_balancing: {
      algorithm: "consistent-hash",
      hash: { by: "header", name: "X-User" },
      bounded_load: 1.25,
      sticky: {
        cookie: "back",
        secret: "${env:STICKY}",
        ttl_ms: 60_000,
        path: "/shop",
        secure: "false",
        same_site: "strict",
      },
      slow_start_ms: 13,
      panic_threshold: 14,
    },
    health_check: {
      type: "tcp",
      path: "/ready",
      method: "HEAD",
      headers: ["A: 1", "B: "],
      host: "probe.example",
      port: 15,
      expected_status: ["200-204", "302"],
      expected_body: "gut ✓",
      interval_ms: 16,
      jitter_ms: 17,
      timeout_ms: 18,
      unhealthy_threshold: 19,
      healthy_threshold: 20,
      initial: "down",
    },
    passive: {
      consecutive_failures: 21,
      failure_rate: 0.22,
      minimum_requests: 23,
      window_ms: 24,
      ejection_time_ms: 25,
      ejection_time_max_ms: 26,
      max_ejected_percent: 27,
      statuses: ["503"],
    },
    circuit_breaker: null,
    queue: { max: 28, timeout_ms: 29 },
    dns: { refresh_ms: 30, family: "ipv6" },
    table_entries: 3,
    backends: [
      expect.objectContaining({ url: "http://localhost:8082", priority: 0, max_connections: 0 }),
      {
        url: "http://${env:BALTO_UPSTREAM_HOST:-localhost}:9",
        weight: 3,
        name: "b",
        priority: 1,
        max_connections: 100,
        file: "services/sample.yaml",
        line: 4,
        column: 13,
      },
    ],
    file: "services/sample.yaml",
    line: 4,
    column: 13,
  });
});

test("a host's services stand in the order in which they are tried", () => {
  const lines = [
    "ANY a /*",
    "ANY a /x/*",
    "ANY a /:p/y",
    "ANY a /x/:q",
    "ANY a /x",
    "ANY b /",
    "POST a /x/z",
    "ANY a /x/z",
  ];
  const { hosts, services } = inspect(encode(modelOf(lines.map(route)))).json;
  expect(hosts.map(({ domain }) => domain)).toEqual(["a", "b"]);
  expect(hosts[0]!.services.map((number) => services[number]!.name)).toEqual([
    "ANY a /x",
    "POST a /x/z",
    "ANY a /x/z",
    "ANY a /x/:q",
    "ANY a /x/*",
    "ANY a /:p/y",
    "ANY a /*",
  ]);
});

test("the text names every host, route, pool and backend with its place", () => {
  const { lines } = inspect(encode(sampleModel));
  expect(lines).toContain("revision  none");
  expect(lines.join("\n")).toContain(
    [
      "",
      "api.example.com",
      '  /users/:id  any method  header x-beta is "an"  header x-team matches "a+|b{2,3}"  header x-trace is present  query Größe begins with "xl"  query debug is absent  priority 1000  ANY api.example.com /users/:id  services/sample.yaml:2:5',
      "    pool pool-0, round-robin",
      "      breaker opens after 10 for 10000 ms",
      "      http://localhost:8081  weight 1  services/sample.yaml:3:13",
      "      b  http://${env:BALTO_UPSTREAM_HOST:-localhost}:9  weight 3  priority 1  max_connections 100  services/sample.yaml:3:13",
      "  /api/v1/*  any method  ANY api.example.com /api/v1/*  services/sample.yaml:2:5",
      "    pool pool-0, round-robin",
      "      breaker opens after 10 for 10000 ms",
      "      http://localhost:8081  weight 1  services/sample.yaml:3:13",
      "      b  http://${env:BALTO_UPSTREAM_HOST:-localhost}:9  weight 3  priority 1  max_connections 100  services/sample.yaml:3:13",
      "  /users/:id  GET, POST  GET,POST api.example.com,*.example.com /users/:id  services/sample.yaml:3:5",
      "    pool pool-1, consistent-hash of header:X-User bounded at 1.25",
      "      sticky by the cookie back",
      "      probes tcp every 16 ms",
      "      passive ejects after 21 failures or a failure rate of 0.22 for 25 ms",
      "      no circuit breaker",
    ].join("\n"),
  );
});

test("the text names every stream and where its connections go", () => {
  const { lines } = inspect(encode(sampleModel));
  const pool = [
    "    pool pool-3, round-robin",
    "      breaker opens after 10 for 10000 ms",
    "      tcp://localhost:8084  weight 1  streams/sample.yaml:6:13",
    "      b  tcp://${env:BALTO_UPSTREAM_HOST:-localhost}:9  weight 3  priority 1  max_connections 100  streams/sample.yaml:6:13",
  ];
  expect(lines.join("\n")).toContain(
    [
      "",
      "tcp :${env:REDIS_PORT}  redis  streams/sample.yaml:2:1",
      ...pool,
      "",
      "tcp 127.0.0.1:8443  tls  streams/sample.yaml:3:3",
      "  a.example.com, *.example.com",
      ...pool,
      "  b.example.net",
      ...pool,
      "  any other name is closed",
    ].join("\n"),
  );
});

test("text and JSON can be had from a view", () => {
  const file = encode(sampleModel);
  const view = openArtifact(file);
  expect(inspectJson(view, file.byteLength)).toEqual(inspect(file).json);
  expect(inspectText(view, file.byteLength)).toEqual(inspect(file).lines);
});

test("a bad artifact is not shown", () => {
  expect(() => inspect(encode(sampleModel).subarray(0, -1))).toThrow(ArtifactError);
});

test("20,000 services on 20,000 hosts take no longer than their number", () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => route(`ANY h${i}.example.com /x/y/*`));
  const file = encode(modelOf(lines));
  const start = performance.now();
  const shown = inspect(file);
  expect(shown.json.hosts).toHaveLength(20_000);
  expect(shown.lines.length).toBeGreaterThan(80_000);
  expect(performance.now() - start).toBeLessThan(5_000);
}, 60_000);
