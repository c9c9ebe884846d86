// The two readers of YAML: what the fast one reads, the yaml package reads as the same nodes at the same
// places, without a word of complaint. What it leaves to the package may be anything.

import fc from "fast-check";
import { expect, test } from "vitest";

import { DiagnosticLog } from "../../compiler/diagnostic-log.ts";
import { readAny } from "../../compiler/parse/parse.ts";
import { readPlain } from "../../compiler/parse/plain-yaml.ts";
import type { YamlNode } from "../../compiler/parse/yaml-node.ts";
import { SourceText } from "../../compiler/source-text.ts";
import { effort, seed } from "./seed.ts";

/** True where the fast reader reads a text; both are compared then. */
function isPlain(text: string): boolean {
  const source = new SourceText("services/a.yaml", text);
  const plain = readPlain(source);
  if (plain === undefined) return false;
  const log = new DiagnosticLog();
  const full = readAny(source, log);
  const said = log.sorted().map(({ message }) => message);
  expect({ text, said, nodes: typeof full === "object" ? shown(full) : full }).toEqual({
    text,
    said: [],
    nodes: shown(plain),
  });
  return true;
}

function shown(node: YamlNode): unknown {
  const { kind, start, end } = node;
  if (node.kind === "scalar") return { kind, start, end, value: node.value, changed: node.changed };
  if (node.kind === "list") return { kind, start, end, items: node.items.map(shown) };
  const entries = [...node.entries].map(([name, { key, value }]) => [
    name,
    key.start,
    key.end,
    shown(value),
  ]);
  return { kind, start, end, entries };
}

test.each([
  "a: 1\n",
  "a: 1",
  "a:\nb:\n  c: x y z # why\n\n# end\n",
  "a:\n- 1\n- b: c\n  d: [e, 'f', \"g\", {h: i}]\n\nj: k\n",
  "services:\n  - name: users\n    domain: api.example.com\n    ports: [8081, 8082]\n",
  "- a\n- b\n",
  "a: {}\nb: []\nc: { d: [ e ] }\n",
  "a: http://localhost:8080/x#y\nb: ${env:HOME}\nc: 10.0.0.7:80\nd: 5s\n",
  "a:   b   \n",
  "a: 'it is: # fine'\n",
  "ä: 1\n".replace("ä", "a"),
  "a: é # ü\n",
])("%j is plain", (text) => {
  expect(isPlain(text)).toBe(true);
});

test.each([
  "",
  "# nothing\n",
  "a: &x 1\n",
  "a: *x\n",
  "a: !!str 1\n",
  "a: |\n  b\n",
  "a: >-\n  b\n",
  "a: b\n  c\n",
  'a: "b\n  c"\n',
  'a: "b\\n"\n',
  "a: 'it''s'\n",
  "a: [b,\n  c]\n",
  "a: [b, ]\n",
  "a: 1.10\n",
  "a: 0x1F\n",
  "a: 007\n",
  "a: 1e3\n",
  "a: -1\n",
  "a: .inf\n",
  "a: True\n",
  "a: null\n",
  "a: ~\n",
  "null: 1\n",
  "1: a\n",
  "a: 1\na: 2\n",
  "a: {b: 1, b: 2}\n",
  "a: b: c\n",
  "a:\tb\n",
  "a: b\r\n",
  "  a: 1\n",
  "a:\n  b: 1\n c: 2\n",
  "a:\n   b: 1\n  c: 2\n",
  "- a\n - b\n",
  "-\n  a: 1\n",
  "- - a\n",
  "---\na: 1\n",
  "a: 1\n---\nb: 2\n",
  "a: 1\n...\n",
  "%YAML 1.2\n---\na: 1\n",
  "? a\n: b\n",
  "<<: a\n",
  "a: 1\n- b\n",
  "a: [b, c: d]\n",
  "a: {b}\n",
  "a: 'b'c\n",
  "a: @b\n",
  "'a': 1\n",
  "a#b: 1\n",
  "a: [b]c\n",
  "word\n",
])("%j is left to the yaml package", (text) => {
  expect(isPlain(text)).toBe(false);
});

const scalar = fc.constantFrom(
  ..."a|bc d|x:y|/p/*|*|:id|/u/:id|a.b|1|0|42|-1|007|1.5|1.10|1e3|true|false|True|null|~|5s|8080:80".split(
    "|",
  ),
  ..."'q'|'a: b'|\"q r\"|\"a\\tb\"|''|\"\"|'it''s'|\"#\"|[]|{}|[a, b]|[1,2]|{a: b}|{a: [b, {c: d}]}|[a,]".split(
    "|",
  ),
  ..."{a:b}|[a: b]|[ 'x' , \"y\" ]|{ a: 1 , b: 2 }|a # c|a#c|# c|&a b|*a|!t x|${env:A:-b}|é|a,b|a]b|%x|@x|- a|a: b|[|}|a'b|\"".split(
    "|",
  ),
  "",
  "|",
  ">",
  "a\u0085b",
  "\u2028",
  "a\u00a0",
  "\u00a0a",
  "😀 a",
);
const key = fc.constantFrom(
  "a",
  "b",
  "c",
  "name",
  "x-y",
  "z_9",
  "null",
  "true",
  "1",
  "a b",
  "'k'",
  "",
);
const space = fc.constantFrom("", " ", "  ");
const after = fc.constantFrom("", "", "", " ", " # c", "#c", "  # c  ");
const line = fc
  .record({
    indent: fc.constantFrom(0, 0, 2, 2, 2, 4, 4, 1, 3, 6),
    dash: fc.constantFrom("", "", "", "- ", "-   ", "-", "- - "),
    key: fc.option(key, { freq: 8, nil: undefined }),
    gap: fc.constantFrom(" ", " ", " ", "  ", ""),
    scalar: fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: fc.constant("") }),
    after,
  })
  .map((one) => {
    const start = " ".repeat(one.indent) + one.dash;
    return `${start}${one.key === undefined ? "" : `${one.key}:${one.gap}`}${one.scalar}${one.after}`;
  });
const other = fc.constantFrom("", "  ", "# c", "    # c", " #", "---", "...");
const anyText = fc
  .tuple(
    fc.array(fc.oneof({ weight: 6, arbitrary: line }, { weight: 1, arbitrary: other }), {
      minLength: 1,
      maxLength: 6,
    }),
    fc.constantFrom("\n", "", "\n\n", "\n# c", "\n  "),
  )
  .map(([lines, end]) => lines.join("\n") + end);

/** Texts as people write them, with what is odd about them here and there. */
const goodScalar = fc.constantFrom(
  ..."a|b c|/p/*|/u/:id|1|8080|true|5s|http://h:80|'q # r'|\"s: t\"|[1, 2]|[a, 'b']|{ c: d }|{e: [1, {f: g}], h: i}|[]|{}|x:y|a#b|é".split(
    "|",
  ),
);
const names = ["a", "b", "c", "d", "name"];
const block = (depth: number, indent: number): fc.Arbitrary<string> => {
  const pad = " ".repeat(indent);
  const noise = fc.constantFrom("", "", "", "\n", `${pad}# c\n`, "# c\n", "   # c\n");
  const end = fc.constantFrom("\n", "\n", " \n", " # c\n", "  # c\n\n");
  const deeper =
    depth > 0 ? fc.constantFrom(1, 2, 4).chain((by) => block(depth - 1, indent + by)) : undefined;
  const list = (at: number): fc.Arbitrary<string> =>
    fc
      .array(
        fc.tuple(
          noise,
          fc.constantFrom("- ", "-  "),
          fc.oneof(goodScalar, compact(depth, at)),
          end,
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((items) =>
        items
          .map(
            ([before, dash, item, last]) =>
              `${before}${" ".repeat(at)}${dash}${item.replaceAll("@", " ".repeat(at + dash.length))}${last}`,
          )
          .join(""),
      );
  const value = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(space, goodScalar, end)
        .map(([gap, text, last]) => ` ${gap}${text}${last}`),
    },
    { weight: 1, arbitrary: end },
    ...(deeper === undefined
      ? []
      : [
          { weight: 2, arbitrary: fc.tuple(end, deeper).map((parts) => parts.join("")) },
          {
            weight: 2,
            arbitrary: fc
              .tuple(
                end,
                fc.constantFrom(0, 2).chain((by) => list(indent + by)),
              )
              .map((parts) => parts.join("")),
          },
        ]),
  );
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), noise, value), {
      minLength: 1,
      maxLength: 4,
      selector: ([name]) => name,
    })
    .map((entries) =>
      entries.map(([name, before, text]) => `${before}${pad}${name}:${text}`).join(""),
    );
};
/** A mapping behind a dash; "@" is where its further lines are indented to. */
const compact = (depth: number, _at: number): fc.Arbitrary<string> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), goodScalar), {
      minLength: 1,
      maxLength: depth > 0 ? 3 : 1,
      selector: ([name]) => name,
    })
    .map((entries) => entries.map(([name, text]) => `${name}: ${text}`).join("\n@"));
const goodText = block(3, 0);

test("texts as people write them are read the same by both, and mostly by the fast one", () => {
  let plain = 0;
  let all = 0;
  const property = fc.property(goodText, (text) => {
    all++;
    if (isPlain(text)) plain++;
  });
  fc.assert(property, { seed, numRuns: 3_000 * effort });
  expect(plain / all).toBeGreaterThan(0.7);
});

test("where the fast reader reads an odd text, the yaml package reads the same", () => {
  let plain = 0;
  const property = fc.property(anyText, (text) => {
    if (isPlain(text)) plain++;
  });
  fc.assert(property, { seed, numRuns: 15_000 * effort });
  expect(plain).toBeGreaterThan(100);
});

test("a good text with one character changed is read the same, or left", () => {
  let plain = 0;
  const change = fc.record({
    text: goodText,
    at: fc.nat(),
    to: fc.constantFrom(..." \n:#-[]{},'\"a1.*&!|>%@`?~\t\\é".split(""), "", "  ", "\n "),
  });
  const property = fc.property(change, ({ text, at, to }) => {
    const place = at % text.length;
    if (isPlain(text.slice(0, place) + to + text.slice(place + 1))) plain++;
  });
  fc.assert(property, { seed, numRuns: 10_000 * effort });
  expect(plain).toBeGreaterThan(1_000);
});
