import { expect, test } from "vitest";

import { ArtifactError } from "../../artifact/container.ts";
import { encode } from "../../artifact/encode.ts";
import { inspect, inspectJson, inspectText } from "../../artifact/inspect.ts";
import { SECTIONS } from "../../artifact/layout.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, route, sampleModel } from "../fixtures/artifact-model.ts";

test("the JSON value says everything and survives JSON", () => {
  const file = encode(sampleModel, "v1.2");
  const json = inspect(file).json;
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  expect(json).toMatchObject({ format_version: 1, revision: "v1.2", size: file.byteLength });
  expect(json.digest).toBe(openArtifact(file).digest);
  expect(json.sections.map(({ name }) => name)).toEqual([...SECTIONS]);
  expect(json.sections).toContainEqual({ name: "pools", rows: 3, bytes: 48 });
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
    strip_prefix: true,
    preserve_host: false,
    timeouts: { connect_ms: 5_000, response_ms: 30_000, read_ms: 5_000, write_ms: 5_000 },
    max_body_bytes: 0,
    pool: "pool-1",
    file: "services/sample.yaml",
    line: 3,
    column: 5,
  });
  expect(json.pools[1]!.backends[1]).toEqual({
    url: "http://${env:BALTO_UPSTREAM_HOST:-localhost}:9",
    weight: 3,
    name: "b",
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
      "  /api/v1/*  any method  ANY api.example.com /api/v1/*  services/sample.yaml:2:5",
      "    pool pool-0, round-robin",
      "      http://localhost:8081  weight 1  services/sample.yaml:3:13",
      "      b  http://${env:BALTO_UPSTREAM_HOST:-localhost}:9  weight 3  services/sample.yaml:3:13",
      "  /users/:id  GET, POST  GET,POST api.example.com,*.example.com /users/:id  services/sample.yaml:3:5",
      "    pool pool-1, weighted-rr",
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
