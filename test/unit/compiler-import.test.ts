// Import of a Balance file: what it says is in the new tree or in a warning, and the tree compiles.

import { describe, expect, it } from "vitest";
import { isMap, isScalar, isSeq, parse, parseDocument, stringify } from "yaml";
import type { Model, Pool } from "../../artifact/model.ts";
import { compile } from "../../compiler/compile.ts";
import { importBalance, looksLikeBalance } from "../../compiler/import/balance.ts";
import { bundle } from "../../schema/schemas.ts";
import { formatDiagnostics } from "../golden/golden-file.ts";

/** Every key there is, in mode http. */
const HTTP = `
mode: http
listen: ":8443"
backends:
  - { name: a, address: "10.0.0.1:80", weight: 2, max_connections: 100 }
  - { name: b, address: "10.0.0.2:80", weight: 1, max_connections: 0 }
load_balancer:
  algorithm: bounded-consistent-hash
  hash_key: header:X-User
http:
  routes:
    - name: api
      host: api.example.com
      path_prefix: /api
      headers: { X-Key: one }
      backends: [a]
      priority: 10
    - name: rest
      host: "*.example.com"
      path_prefix: /
      backends: [a, b]
      priority: 5
  enable_websocket: true
  enable_http2: true
  max_idle_conns_per_host: 50
  idle_conn_timeout: 45s
timeouts: { connect: 2s, read: 11s, write: 12s, idle: 13s }
tls:
  enabled: true
  certificates:
    - { cert_file: a.crt, key_file: a.key, domains: [a.example.com], default: false }
    - { cert_file: b.crt, key_file: b.key, domains: [b.example.com], default: true }
  cert_file: c.crt
  key_file: c.key
  min_version: "1.2"
  max_version: "1.3"
  cipher_suites: [TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  session_tickets_disabled: true
  client_auth: none
  client_ca_file: ca.crt
  alpn_protocols: [h2]
  backend:
    enabled: true
    insecure_skip_verify: true
    ca_file: ca.crt
    client_cert_file: me.crt
    client_key_file: me.key
  sni:
    routes:
      a.example.com: [a]
health_check:
  enabled: true
  interval: 7s
  timeout: 2s
  unhealthy_threshold: 4
  healthy_threshold: 3
  type: http
  path: /ready
  http_path: /other
  http_method: HEAD
  http_expected_status: 204
  passive_checks: { enabled: true, error_rate_threshold: 0.25, consecutive_failures: 6, window: 2m }
resilience:
  circuit_breaker: { enabled: true, max_failures: 7, timeout: 30s, max_concurrent_requests: 3 }
  retry: { enabled: true, max_attempts: 4, initial_delay: 50ms, max_delay: 5s, multiplier: 3, jitter: 0.2 }
security:
  rate_limit:
    enabled: true
    type: token-bucket
    requests_per_second: 100
    burst_size: 200
    window_size: 1m
    max_requests: 1000
  connection_protection:
    max_connections_per_ip: 50
    max_connection_rate: 5
    read_timeout: 6s
    max_request_size: 1048576
    max_header_size: 16384
  ip_blocklist: { blocked_ips: [192.0.2.1], blocked_cidrs: [198.51.100.0/24] }
connection_pool: { enabled: true, max_size: 20, max_idle_time: 1m }
transform:
  request_headers: [{ action: set, name: X-A, value: b }]
  response_headers: [{ action: remove, name: X-B }]
  strip_prefix: /v1
  add_prefix: /v2
tracing: { enabled: true, service_name: shop, endpoint: "http://10.0.0.9:4318", sample_rate: 0.5 }
metrics: { enabled: false, listen: ":9090", path: /metrics }
logging: { level: warn, format: text, add_caller: true, access_log: true }
`;

/** Every key there is, in mode tcp, with TLS that is passed through. */
const TCP = HTTP.replace("mode: http", "mode: tcp")
  .replace(/tls:\n {2}enabled: true/, "tls:\n  enabled: false")
  .replace("hash_key: header:X-User", "hash_key: source-ip");

const importText = (text: string): ReturnType<typeof importBalance> =>
  importBalance("balance.yaml", Buffer.from(text));

for (const [mode, text] of [
  ["http", HTTP],
  ["tcp", TCP],
] as const) {
  describe(`in mode ${mode}`, () => {
    const { files, diagnostics } = importText(text);

    it("takes every key without an error", () => {
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(diagnostics.map(({ code }) => code)).not.toContain("BAL6104");
    });

    it.each(leavesOf(text))("puts %s into the tree, or warns of it in its line", (path, at) => {
      const named = diagnostics.some(({ code, message }) => {
        const key = /^(\S+) is not imported/.exec(message)?.[1];
        return code === "BAL6103" && key !== undefined && isBelow(path, key);
      });
      const line = lineOf(text, at);
      const warned = diagnostics.some(
        ({ code, location }) => code === "BAL6108" && location.start.line === line,
      );
      const other = importText(withOther(text, at));
      // What says the same as Balto does anyhow is heard of as soon as it says something else.
      const landed =
        JSON.stringify(other.files) !== JSON.stringify(files) ||
        messages(other.diagnostics) !== messages(diagnostics);
      expect(named || warned || landed).toBe(true);
    });
  });
}

it("finds a key that nobody knows, with its line", () => {
  const text = `${HTTP}quic: { enabled: true }\n`;
  const { diagnostics } = importText(text);
  const [unknown] = diagnostics.filter(({ code }) => code === "BAL6104");
  expect(unknown?.message).toContain("quic");
  expect(unknown?.location.start.line).toBe(text.split("\n").length - 1);
});

it("makes a stream of mode tcp that is what the file says", () => {
  const model = compiled(
    TCP.replace("tls:\n  enabled: false", "ssl:\n  enabled: false").replace(
      "access_log: true",
      "access_log: false",
    ),
  );
  expect(model.services).toEqual([]);
  expect(model.streams).toMatchObject([
    {
      name: "balance",
      listen: ":8443",
      protocol: "tcp",
      policy: {
        connectMs: 2_000,
        idleMs: 13_000,
        clientConnectionsMax: 50,
        deny: ["192.0.2.1/32", "198.51.100.0/24"],
      },
    },
  ]);
  const [pool] = model.pools;
  expect(pool).toMatchObject({
    backends: [
      { url: "tcp://10.0.0.1:80", name: "a", weight: 2, connectionsMax: 100 },
      { url: "tcp://10.0.0.2:80", name: "b", weight: 1, connectionsMax: 0 },
    ],
    policy: {
      algorithm: "consistent-hash",
      hash: { by: "source-ip", name: "" },
      boundedLoadPercent: 125,
      health: { type: "http", path: "/ready", method: "HEAD", intervalMs: 7_000 },
      passive: { consecutiveFailures: 6, failureRatePercent: 25, windowMs: 120_000 },
      breaker: { failureThreshold: 7, timeoutMs: 30_000, halfOpenRequestsMax: 3 },
    },
  });
});

it("passes TLS through by server name where Balance does not end it", () => {
  const model = compiled(`
backends:
  - { name: a, address: ":8443" }
  - { name: b, address: "10.0.0.2:443" }
listen: ":443"
tls:
  sni:
    routes:
      a.example.com: [a]
      "*.example.com": [b, "10.0.0.3:443"]
`);
  const urls = (pool: Pool): string[] => pool.backends.map(({ url }) => url);
  const [stream] = model.streams;
  expect(stream!.sni.map(({ names, pool }) => [names, urls(pool)])).toEqual([
    [["a.example.com"], ["tcp://localhost:8443"]],
    [["*.example.com"], ["tcp://10.0.0.2:443", "tcp://10.0.0.3:443"]],
  ]);
  expect(urls(stream!.pool!)).toEqual(["tcp://localhost:8443", "tcp://10.0.0.2:443"]);
});

it("makes services of mode http, and one for what no route takes", () => {
  const model = compiled(`
mode: http
backends:
  - { name: a, address: "10.0.0.1:80" }
  - { name: b, address: "10.0.0.2:80" }
http:
  routes:
    - { name: web, host: www.example.com, backends: [b] }
    - { name: v1, host: API.example.com, path_prefix: /v1/, backends: [a], priority: 20 }
    - { name: v1, path_prefix: /v1/ }
    - { path_prefix: /v1/ }
resilience:
  retry: { enabled: true, multiplier: 2.0 }
`);
  expect(model.settings.listen).toBe(":8080");
  expect(model.services.map(({ name, domains, pattern }) => [name, domains, pattern])).toEqual([
    ["balance", ["*", "api.example.com"], "/*"],
    ["v1-2", ["*", "www.example.com"], "/v1/*"],
    ["v1", ["api.example.com"], "/v1/*"],
    ["web", ["www.example.com"], "/*"],
  ]);
  for (const { stripPrefix, preserveHost, retry } of model.services) {
    expect([stripPrefix, preserveHost, retry.attempts]).toEqual([false, true, 2]);
  }
});

it("fills in what Balance does where a file says nothing, not what Balto does", () => {
  const minimal = compiled("backends: [{ address: 10.0.0.1:80 }]\nload_balancer: {}\n");
  expect(minimal.streams[0]).toMatchObject({ listen: ":8080", policy: { idleMs: 60_000 } });
  expect(minimal.pools[0]!.policy).toMatchObject({ breaker: undefined, health: undefined });
  const http = compiled("mode: http\nbackends: [{ address: 10.0.0.1:80 }]\n");
  expect(http.settings).toMatchObject({ readTimeoutMs: 30_000, idleTimeoutMs: 60_000 });
});

it("leaves Balto's port to a stream that listens there", () => {
  const model = compiled("listen: :5500\nbackends: [{ address: 10.0.0.1:80 }]\n");
  expect([model.streams[0]!.listen, model.settings.listen]).toEqual([":5500", ":5501"]);
});

it.each([
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  ["500us", 1],
  ["0", 600_000],
  ["72h", 86_400_000],
])("reads Go's duration %s", (text, ms) => {
  const idle = text === "0" ? "idle: 10m, connect" : "idle";
  const file = `listen: :1\nbackends: [{ address: a:80 }]\ntimeouts: { ${idle}: ${text} }\n`;
  expect(compiled(file).streams[0]!.policy.idleMs).toBe(ms);
});

it("knows a Balance file from one of Balto", () => {
  const isBalance = (text: string): boolean => looksLikeBalance("a.yaml", Buffer.from(text));
  expect(isBalance(HTTP)).toBe(true);
  expect(isBalance("listen: :1\nbackends: []\n")).toBe(true);
  for (const text of [
    "name: redis\nlisten: :1\nbackends: [{ url: tcp://a:1 }]\n",
    "domain: a\npath_prefix: /\nbackends: [{ url: http://a }]\n",
    "server: { port: 1 }\n",
    "- backends\n",
    "",
    "\tno: [yaml",
  ]) {
    expect(isBalance(text), text).toBe(false);
  }
});

const serviceKeys = Object.keys(bundle("service").definitions!["service"]!.properties!);

// These keys come with routing by headers; until then a tree that has them does not compile.
describe.skipIf(!serviceKeys.includes("match"))("with routing by headers and priorities", () => {
  it("compiles a file with every key", () => {
    const model = compiled(HTTP);
    expect(model.services.map(({ name }) => name).toSorted()).toEqual(["api", "balance", "rest"]);
  });

  it("puts a shorter path first where the file does", () => {
    compiled(`
mode: http
backends: [{ name: a, address: 10.0.0.1:80 }]
http:
  routes:
    - { name: all, path_prefix: /, priority: 10 }
    - { name: api, path_prefix: /api/, priority: 1 }
`);
  });
});

/** The model of what a file is imported as. */
function compiled(text: string): Model {
  const { files, diagnostics } = importText(text);
  expect(files.length, formatDiagnostics(diagnostics)).toBeGreaterThan(0);
  const result = compile({
    files: files.map((file) => ({ path: file.path, content: Buffer.from(file.text) })),
  });
  if (result.model === undefined) throw new Error(formatDiagnostics(result.diagnostics));
  return result.model;
}

type Place = readonly (string | number)[];

/** Every scalar of a file: its path in words, and its place. */
function leavesOf(text: string): [string, Place][] {
  const leaves: [string, Place][] = [];
  const visit = (node: unknown, place: Place): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) visit(value, [...place, String(key)]);
    } else if (isSeq(node)) {
      node.items.forEach((item, index) => visit(item, [...place, index]));
    } else {
      leaves.push([pathOf(place), place]);
    }
  };
  visit(parseDocument(text).contents, []);
  return leaves;
}

function pathOf(place: Place): string {
  return place
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .slice(1);
}

function isBelow(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`);
}

function lineOf(text: string, place: Place): number {
  const node = parseDocument(text).getIn(place, true);
  if (!isScalar(node)) throw new Error(`nothing at ${pathOf(place)}`);
  return text.slice(0, node.range![0]).split("\n").length;
}

/** The file with another value at a place, of the same kind. */
function withOther(text: string, place: Place): string {
  const file = parse(text) as Record<string | number, unknown>;
  let owner = file;
  for (const key of place.slice(0, -1)) owner = owner[key] as typeof owner;
  const last = place.at(-1)!;
  owner[last] = otherThan(owner[last], pathOf(place));
  return stringify(file);
}

function otherThan(value: unknown, path: string): unknown {
  const fixed = OTHERS[path.replaceAll(/\[\d+\]/g, "[]")];
  if (path === "mode") return value === "tcp" ? "http" : "tcp";
  if (path.startsWith("http.routes[") && value === "b") return "a";
  if (fixed !== undefined) return fixed;
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value < 1 ? value + 0.1 : value + 1;
  return /^\d+(?:ms|s|m)$/.test(String(value)) ? `1${String(value)}` : `${String(value)}x`;
}

/** Where a text cannot have just another letter. */
const OTHERS: Record<string, string> = {
  listen: ":9999",
  "backends[].address": "10.9.9.9:1",
  "load_balancer.algorithm": "consistent-hash",
  "load_balancer.hash_key": "header:X-Other",
  "http.routes[].backends[]": "b",
  "health_check.type": "https",
  "logging.level": "debug",
  "security.ip_blocklist.blocked_cidrs[]": "203.0.113.0/24",
};

function messages(diagnostics: readonly { message: string; help: string }[]): string {
  return diagnostics.map(({ message, help }) => `${message} ${help}`).join("\n");
}
