import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { tree } from "./compiler-tree.ts";

const sample = `global:
  load_balancing: { algorithm: weighted-rr }
  logging: { level: [info, warn], path: "\${env:LOG:-/tmp/x}" }
  timeouts: { read: 1s, write: 1m30s, request: 30s }
  retry: { attempts: 1, on: [reset, 502, "503-504"], backoff: { initial: 10ms } }
server:
  port: ":5500"
  trusted_proxies: [10.0.0.0/8, "::1"]
pools:
  - name: web
    ports: [3000, "web:3001"]
    load_balancing:
      algorithm: peak-ewma
      hash_key: "cookie:session"
      sticky: { secret: "\${file:/run/secrets/sticky}", ttl: 1h, secure: true }
    health_check:
      path: /healthz
      headers: { X-Probe: balto, Authorization: "Bearer \${env:TOKEN}" }
      expected_status: [200, "300-399"]
      passive: { failure_rate: 0.5, statuses: ["500-599"] }
    circuit_breaker: { timeout: 1m }
    queue: { max: 5 }
    dns: { family: ipv4 }
services:
  - { domain: web.example.com, path_prefix: /*, pool: web, hedge: { after: 50ms } }
  - name: users
    domains: &hosts [api.example.com, "*.example.com"]
    path_prefix: /users/:id/*
    methods: [GET, POST]
    backends:
      - { url: "http://\${env:HOST}:8080/base", weight: 3 }
      - url: http://[::1]:8081
    timeouts:
      connect: 500ms
  - domains: *hosts
    path_prefix: /
    ports: [8081, "host:80", 'https://x/']
`;

/** What a slip of the hand, or a hostile one, puts into a file. */
const shred = fc.oneof(
  fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "'",
    '"',
    "#",
    "%",
    "\n",
    "\t",
    "  ",
    "<<: *hosts",
    "__proto__: 1\n",
    "${",
    "${env:A}",
    "null",
    "1e999",
    ".nan",
    "010",
    "\0",
    "---\n",
    "...\n",
    "-----BEGIN PRIVATE KEY-----",
    "😀",
    "\u2028",
    "\r",
    "*",
    "/",
    "//",
    ":a",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);

const mutated = fc
  .array(fc.record({ at: fc.nat(sample.length), cut: fc.nat(12), put: shred }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((edits) =>
    edits.reduce(
      (text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut),
      sample,
    ),
  );

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 5, 1.5, -1, "", "x", "5s", "/a/*", "a.b", "GET", "${env:X}"),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom(
        "global",
        "server",
        "services",
        "domain",
        "domains",
        "path_prefix",
        "ports",
        "backends",
        "url",
        "weight",
        "name",
        "methods",
        "timeouts",
        "read",
        "connect",
        "port",
        "drain",
        "tls",
        "logging",
        "level",
        "enabled",
        "__proto__",
        "constructor",
        "trusted_proxies",
        "allowed_origins",
        "cors",
        "pool",
        "pools",
        "load_balancing",
        "algorithm",
        "hash",
        "by",
        "hash_key",
        "sticky",
        "secret",
        "health_check",
        "headers",
        "passive",
        "statuses",
        "circuit_breaker",
        "queue",
        "dns",
        "retry",
        "on",
        "backoff",
        "hedge",
      ),
      tie("any"),
      { maxKeys: 5 },
    ),
  ),
})).any;

// A tree that happens to be right may have pools that hash, whose tables take milliseconds each.
it(
  "never throws, and gives an artifact exactly where there is no error",
  { timeout: 60_000 },
  () => {
    const texts = fc.oneof(
      mutated,
      value.map((any) => JSON.stringify(any)),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(texts, texts, (config, service) => {
        const result = compile(tree({ "balto.config.yaml": config, "services/a.yaml": service }));
        const hasError = result.diagnostics.some(({ severity }) => severity === "error");
        expect(result.artifact === undefined).toBe(hasError);
        for (const { location, message, help } of result.diagnostics) {
          expect(location.start.line).toBeGreaterThan(0);
          expect(location.start.column).toBeGreaterThan(0);
          expect(message + help).not.toMatch(/\p{Cc}|undefined|\[object/u);
        }
      }),
      { numRuns: 1_000 },
    );
  },
);

it("never throws on bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(compile(tree({ "services/a.yaml": bytes })).diagnostics.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

it("gives the same bytes for any order of any number of files", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const services = fc.uniqueArray(name, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      services.chain((names) =>
        fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
      ),
      ([names, shuffled]) => {
        const files = (order: readonly string[]) =>
          tree(
            Object.fromEntries(
              order.map((host) => [
                `services/${host}.yaml`,
                `domain: ${host}.example\npath_prefix: /*\nports: [8080]\n`,
              ]),
            ),
          );
        expect(compile(files(shuffled)).artifact).toEqual(compile(files(names)).artifact);
      },
    ),
    { numRuns: 50 },
  );
});
