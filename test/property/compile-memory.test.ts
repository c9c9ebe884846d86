// Compiling with the memory of what came before gives what compiling anew gives: the same bytes, the same
// words. A tree is changed again and again as people change trees, mistakes included.

import fc from "fast-check";
import { expect, test } from "vitest";

import { compile } from "../../compiler/compile.ts";
import { CompileMemory } from "../../compiler/memory.ts";
import { tree } from "../unit/compiler-tree.ts";
import { effort, seed } from "./seed.ts";

const service = fc
  .record({
    name: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
    domain: fc.constantFrom("x", "x", "y", "*.x", "*"),
    path: fc.constantFrom("/", "/*", "/a", "/a/*", "/:p", "/:p/*", "/a/:q"),
    more: fc.constantFrom(
      "",
      "",
      "",
      ", methods: [GET]",
      ", priority: 1",
      ", match: { headers: [{ name: x, exact: a }] }",
      ", match: { query: [{ name: x, present: true }] }",
      ", enabled: false",
      ", colour: red",
      ", retry: { attempts: 9 }",
      ", timeouts: { request: 40s }",
    ),
    to: fc.constantFrom(
      "ports: [1]",
      "ports: [2]",
      "ports: [3]",
      "ports: [4, 4]",
      "ports: [5, 6], load_balancing: { algorithm: ip-hash }",
      "pool: p",
      "pool: p",
    ),
  })
  .map(
    ({ name, domain, path, more, to }) =>
      `  - { name: ${name}, domain: "${domain}", path_prefix: "${path}", ${to}${more} }\n`,
  );
const services = fc
  .array(service, { maxLength: 3 })
  .map((lines) => (lines.length === 0 ? "services: []\n" : `services:\n${lines.join("")}`));
const content: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: services },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "services: [\n",
      "# nothing\n",
      "# balto-ignore BAL5101\nservices: []\n",
    ),
  },
);
const stream = fc
  .record({
    name: fc.constantFrom("s", "t", "u"),
    listen: fc.constantFrom(":1", ":2", ":3", '"host:4"'),
    to: fc.constantFrom(
      "ports: [1]",
      "ports: [2]",
      "pool: p",
      "tls: { sni: [{ names: [a.x], pool: p }] }",
    ),
    more: fc.constantFrom("", "", ", protocol: udp", ", enabled: false", ", deny: [10.0.0.0/8]"),
  })
  .map(({ name, listen, to, more }) => `  - { name: ${name}, listen: ${listen}, ${to}${more} }\n`);
const streams = fc
  .array(stream, { maxLength: 2 })
  .map((lines) => (lines.length === 0 ? "streams: []\n" : `streams:\n${lines.join("")}`));
const pool = fc.constantFrom(
  "name: p\nports: [1]\n",
  'name: p\nports: ["tcp://a:1"]\n',
  'name: p\nports: ["udp://a:1"]\nhealth_check: { type: none }\n',
  "name: p\nports: [1, 1]\n",
  "name: p\nports: [1]\nqueue: { timeout: 50s }\n",
  "pools: [{ name: p, ports: [1] }, { name: a, ports: [1] }]\n",
);
const CONFIG = "balto.config.yaml";
const change: fc.Arbitrary<[path: string, content: string | null]> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constantFrom("services/1.yaml", "services/2.yaml", "services/3.yaml"),
      fc.option(content, { freq: 6, nil: null }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom("streams/1.yaml", "streams/2.yaml"),
      fc.option(streams, { freq: 6, nil: null }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("pools/p.yaml"), fc.option(pool, { freq: 6, nil: null })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant(CONFIG),
      fc.constantFrom(
        "global: { load_balancing: { algorithm: least-connections } }\n",
        'server: { port: ":1" }\n',
        "server: { drain: { timeout: 50s } }\n",
        "server: { prot: 1 }\n",
        null,
      ),
    ),
  },
);

test("a tree that changes compiles to the same with the memory of the one before", () => {
  let good = 0;
  let bad = 0;
  const property = fc.property(fc.array(change, { minLength: 10, maxLength: 25 }), (changes) => {
    const memory = new CompileMemory();
    let spare: Uint8Array = new Uint8Array(0);
    const files = new Map<string, string>();
    for (const [path, text] of changes) {
      if (text === null) files.delete(path);
      else files.set(path, text);
      const now = tree(Object.fromEntries(files));
      const anew = compile(now);
      const again = compile(now, { memory, spare });
      expect(again).toEqual(anew);
      if (again.artifact !== undefined) spare = again.artifact;
      if (anew.artifact === undefined) bad++;
      else good++;
    }
  });
  fc.assert(property, { seed, numRuns: 150 * effort });
  expect(good).toBeGreaterThan(200);
  expect(bad).toBeGreaterThan(200);
}, 60_000);
