// Streams: what a file says of them, and what comes of it in the model.

import { expect, it } from "vitest";
import { parseBackendUrl } from "../../artifact/address.ts";
import { decode } from "../../artifact/decode.ts";
import { openArtifact } from "../../artifact/view.ts";
import { compile } from "../../compiler/compile.ts";
import { POOL_POLICY, SETTINGS, STREAM_POLICY } from "../fixtures/artifact-model.ts";
import { clean, codesOf, tree } from "./compiler-tree.ts";

const compileFiles = (files: Record<string, string>): ReturnType<typeof clean> =>
  clean(compile(tree(files)));
const compileStream = (text: string): ReturnType<typeof clean> =>
  compileFiles({ "streams/a.yaml": text });

it("has the defaults that the fixtures of other tests have", () => {
  const { model } = compileStream('name: redis\nlisten: ":6379"\nports: [6380]\n');
  expect(model.streams).toEqual([
    {
      name: "redis",
      listen: ":6379",
      protocol: "tcp",
      pool: model.pools[0],
      sni: [],
      policy: STREAM_POLICY,
      origin: { file: "streams/a.yaml", line: 1, column: 1 },
    },
  ]);
  expect(model.pools[0]).toMatchObject({
    key: "stream~redis",
    label: "redis",
    policy: POOL_POLICY,
    backends: [{ url: "tcp://${env:BALTO_UPSTREAM_HOST:-localhost}:6380" }],
  });
  expect(model.settings.proxyProtocol).toEqual(SETTINGS.proxyProtocol);
});

it("reads every key of a stream", () => {
  const { model } = compileStream(`
name: db
listen: 127.0.0.1:5432
timeouts: { connect: 1s, idle: 2h, client_hello: 3s }
max_connections: 4
connections_per_client: 5
proxy_protocol: { accept: true, trusted: [10.0.0.0/8, "::1"], timeout: 7s, send: v2 }
allow: [192.168.0.0/16, 10.0.0.1]
deny: [192.168.1.0/24]
backends: [{ url: "10.0.0.1:5432" }, { url: "TCP://Db.internal:5432/", weight: 2, priority: 1, max_connections: 9 }]
load_balancing: { algorithm: weighted-least-connections }
health_check: { interval: 2s, port: 8008 }
circuit_breaker: { failure_threshold: 3 }
queue: { max: 5 }
dns: { family: ipv4 }
tls: { sni: [{ names: [A.example.com, "*.example.com"], ports: [5433] }] }
`);
  const [stream] = model.streams;
  expect(stream).toMatchObject({ listen: "127.0.0.1:5432", protocol: "tcp" });
  expect(stream!.policy).toEqual({
    connectMs: 1_000,
    idleMs: 7_200_000,
    clientHelloMs: 3_000,
    connectionsMax: 4,
    clientConnectionsMax: 5,
    sessionsMax: 10_000,
    proxyProtocol: {
      accept: true,
      trusted: ["10.0.0.0/8", "::1/128"],
      timeoutMs: 7_000,
      send: "v2",
    },
    allow: ["10.0.0.1/32", "192.168.0.0/16"],
    deny: ["192.168.1.0/24"],
  });
  const pool = stream!.pool!;
  expect(pool.backends).toMatchObject([
    { url: "tcp://10.0.0.1:5432", weight: 1 },
    { url: "tcp://db.internal:5432", weight: 2, priority: 1, connectionsMax: 9 },
  ]);
  expect(pool.policy).toMatchObject({
    algorithm: "weighted-least-connections",
    health: { type: "tcp", intervalMs: 2_000, port: 8_008 },
    breaker: { failureThreshold: 3 },
    queue: { waitersMax: 5 },
    dns: { family: "ipv4" },
  });
  const [route] = stream!.sni;
  expect(route!.names).toEqual(["a.example.com", "*.example.com"]);
  // The blocks are those of the stream.
  const named = route!.pool;
  expect(named).toMatchObject({ key: "stream~db~a.example.com", label: "a.example.com" });
  expect(named.policy).toEqual(pool.policy);
});

it("reads a stream of UDP, whose silence is shorter", () => {
  const udp = 'name: dns\nlisten: ":53"\nprotocol: udp\nports: [5353, "10.0.0.1:53"]\n';
  const { model } = compileStream(`${udp}max_sessions: 7\n`);
  expect(model.streams[0]!.policy).toMatchObject({ idleMs: 30_000, sessionsMax: 7 });
  expect(model.pools[0]!.backends.map(({ url }) => url)).toEqual([
    "udp://${env:BALTO_UPSTREAM_HOST:-localhost}:5353",
    "udp://10.0.0.1:53",
  ]);
  const given = compileStream(`${udp}timeouts: { idle: 10m }\n`);
  expect(given.model.streams[0]!.policy.idleMs).toBe(600_000);
});

it("reads streams from files, lists and balto.config.yaml, and sorts them by name", () => {
  const { model, artifact } = compileFiles({
    "balto.config.yaml": 'streams: [{ name: b, listen: ":1", ports: [2] }]\n',
    "streams/deep/er/c.yml": 'name: c\nlisten: ":3"\nports: [4]\n',
    "streams/a.yaml":
      'streams:\n  - { name: d, listen: ":5", ports: [6] }\n  - { name: a, listen: ":7", ports: [8] }\n',
  });
  expect(model.streams.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
  expect(decode(openArtifact(artifact))).toEqual(model);
});

it("shares a named pool between streams, and leaves disabled ones out", () => {
  const { model } = compileFiles({
    "pools/redis.yaml": "name: redis\nbackends: [{ url: tcp://10.0.0.1:6379 }]\nhealth_check: {}\n",
    "streams/a.yaml": `streams:
  - { name: a, listen: ":1", pool: redis }
  - { name: b, listen: ":2", pool: redis }
  - { name: c, listen: ":1", ports: [1], enabled: false }
`,
  });
  expect(model.streams.map(({ name, pool }) => [name, pool])).toEqual([
    ["a", model.pools[0]],
    ["b", model.pools[0]],
  ]);
  expect(model.pools.map(({ key }) => key)).toEqual(["redis"]);
  // What its backends are says how they are probed.
  expect(model.pools[0]!.policy.health?.type).toBe("tcp");
});

it("closes what no server name takes where there is nothing else, or the stream says so", () => {
  const sni = "sni: [{ names: [a.example.com], ports: [1] }]";
  const alone = compileStream(`name: a\nlisten: ":1"\ntls: { ${sni} }\n`);
  expect(alone.model.streams[0]!.pool).toBeUndefined();
  const both = compileStream(
    `name: a\nlisten: ":1"\nports: [2]\ntls: { ${sni}, default: backends }\n`,
  );
  expect(both.model.streams[0]!.pool!.key).toBe("stream~a");
  const text = `name: a\nlisten: ":1"\nports: [2]\ntls: { ${sni}, default: close }\n`;
  const result = compile(tree({ "streams/a.yaml": text }));
  expect(codesOf(result)).toEqual(["BAL5008"]);
  expect(result.model?.streams[0]!.pool).toBeUndefined();
  expect(result.model?.pools.map(({ key }) => key)).toEqual(["stream~a~a.example.com"]);
});

it("lets global speak for streams, except in what only requests have", () => {
  const { model } = compileFiles({
    "balto.config.yaml": `global:
  load_balancing: { algorithm: consistent-hash, hash_key: header:X-User, sticky: { secret: "\${env:S}" } }
  health_check: { type: https, path: /ready, interval: 3s }
  circuit_breaker: { failure_threshold: 2 }
streams:
  - { name: a, listen: ":1", ports: [2] }
  - { name: b, listen: ":3", ports: [4], health_check: { type: http } }
`,
  });
  const [a, b] = model.pools;
  expect(a!.policy).toMatchObject({
    algorithm: "consistent-hash",
    hash: { by: "source-ip", name: "" },
    sticky: undefined,
    health: { type: "tcp", intervalMs: 3_000 },
    breaker: { failureThreshold: 2 },
  });
  expect(b!.policy.health).toMatchObject({ type: "http", path: "/ready" });
});

it("keeps references for those who load the artifact", () => {
  const { model } = compileStream(`
name: a
listen: ":\${env:PORT:-6379}"
backends: [{ url: "\${env:HOST}:6379" }, { url: "tcp://\${file:/run/host}:1" }]
tls: { sni: [{ names: [a.b], ports: ["\${env:HOST}:1"] }] }
`);
  expect(model.streams[0]!.listen).toBe(":${env:PORT:-6379}");
  expect(model.pools.flatMap(({ backends }) => backends.map(({ url }) => url))).toEqual([
    "tcp://${env:HOST}:6379",
    "tcp://${file:/run/host}:1",
    "tcp://${env:HOST}:1",
  ]);
});

it("takes a name of services, which gives ports of its own", () => {
  const { model } = compileStream('name: a\nlisten: ":1"\nports: [_redis._tcp.internal]\n');
  const [backend] = model.pools[0]!.backends;
  expect(backend!.url).toBe("tcp://_redis._tcp.internal");
  expect(parseBackendUrl(backend!.url)).toMatchObject({ host: "_redis._tcp.internal", port: 0 });
});

it("lets a stream have the name of a service, and of a pool", () => {
  const { model } = compileFiles({
    "balto.config.yaml": `pools: [{ name: b, ports: [1] }]
services:
  - { name: a, domain: a.b, path_prefix: /, ports: [1] }
  - { name: c, domain: c.d, path_prefix: /, pool: b }
streams:
  - { name: a, listen: ":1", ports: [2] }
  - { name: b, listen: ":2", ports: [2] }
`,
  });
  expect(model.pools.map(({ key }) => key)).toEqual(["a", "b", "stream~a", "stream~b"]);
});

it("makes different bytes where a stream differs, and the same where only order does", () => {
  const a = '  - { name: a, listen: ":1", ports: [2] }\n';
  const b = '  - { name: b, listen: ":3", ports: [4] }\n';
  const bytes = (text: string): Uint8Array => compileStream(`streams:\n${text}`).artifact;
  const models = [a + b, b + a].map((text) => compileStream(`streams:\n${text}`).model);
  expect(models[0]!.streams.map(({ listen }) => listen)).toEqual(
    models[1]!.streams.map(({ listen }) => listen),
  );
  expect(Buffer.compare(bytes(a + b), bytes(a + b))).toBe(0);
  expect(Buffer.compare(bytes(a), bytes(a.replace("2", "3")))).not.toBe(0);
});

it("reads the PROXY protocol of the HTTP listener", () => {
  const { model } = compileFiles({
    "balto.config.yaml":
      "server: { proxy_protocol: { accept: true, trusted: [10.0.0.0/8], timeout: 1s } }\nservices: [{ domain: a, path_prefix: /, ports: [1] }]\n",
  });
  expect(model.settings.proxyProtocol).toEqual({
    accept: true,
    trusted: ["10.0.0.0/8"],
    timeoutMs: 1_000,
  });
});
