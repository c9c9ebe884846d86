import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { formatYaml } from "../../compiler/format/format.ts";
import { unifiedDiff } from "../../compiler/format/line-diff.ts";
import { effort, seed } from "./seed.ts";

const scalar = fc.constantFrom(
  "1",
  "1.10",
  "010",
  "true",
  "~",
  "",
  "text",
  "two words",
  '"quoted # no comment"',
  "'single'",
  "a:b",
  "[a,   b]",
  "{ a: 1,b: [2] }",
  "{}",
  "[]",
  "http://${env:HOST:-localhost}:80",
  "*.example.com",
);
const comment = fc.constantFrom("", "", "", " # behind", "    #no space", " #");
const key = fc.constantFrom("a", "b", "c", "path_prefix", '"quoted"', "d-e", "8080");
const gap = fc.constantFrom(
  "",
  "",
  "",
  "\n",
  "\n\n",
  "# before\n",
  "  # indented before\n",
  "\n# a\n\n# b\n",
);

/** A block of YAML, its lines indented by what is above it. */
interface Block {
  lines: (indent: string) => string[];
}

const leaf: fc.Arbitrary<Block> = fc.record({ key, scalar, comment, gap }).map((part) => ({
  lines: (indent) => {
    // An alias needs its anchor: plain text that begins with "*" is quoted.
    const value = part.scalar.startsWith("*") ? `"${part.scalar}"` : part.scalar;
    return [...gapLines(part.gap), `${indent}${part.key}: ${value}${part.comment}`];
  },
}));
const { block } = fc.letrec<{ block: Block }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc
      .record({
        key,
        comment,
        gap,
        step: fc.constantFrom("  ", "    ", " "),
        body: fc.array(tie("block"), { minLength: 1, maxLength: 4 }),
      })
      .map(({ key: name, comment: behind, gap: before, step, body }) => ({
        lines: (indent: string) => [
          ...gapLines(before),
          `${indent}${name}:${behind}`,
          ...mapLines(body, indent + step),
        ],
      })),
    fc
      .record({
        key,
        gap,
        step: fc.constantFrom("", "  ", "    "),
        items: fc.array(fc.tuple(scalar, comment, gap), { minLength: 1, maxLength: 4 }),
      })
      .map(({ key: name, gap: before, step, items }) => ({
        lines: (indent: string) => [
          ...gapLines(before),
          `${indent}${name}:`,
          ...items.flatMap(([text, behind, between]) => [
            ...gapLines(between),
            `${indent}${step}- ${text.startsWith("*") ? `"${text}"` : text}${behind}`,
          ]),
        ],
      })),
    fc.record({ key, mark: fc.constantFrom("|", ">", "|-", ">+") }).map(({ key: name, mark }) => ({
      lines: (indent: string) => [
        `${indent}${name}: ${mark}`,
        `${indent}  first line  `,
        `${indent}    # no comment`,
        "",
        `${indent}  last line`,
      ],
    })),
  ),
}));
const file = fc
  .tuple(fc.array(block, { maxLength: 6 }), gap, fc.constantFrom("\n", "\r\n", ""))
  .map(([blocks, end, ending]) => {
    const text = [...mapLines(blocks, ""), ...gapLines(end)].join("\n");
    return ending === "\r\n" ? `${text}\n`.replaceAll("\n", "\r\n") : text + ending;
  });

test("formatting changes nothing that a file says, and nothing the second time", () => {
  const seen = { formatted: 0, changed: 0, refused: 0 };
  const property = fc.property(file, (text) => {
    const result = formatYaml(text);
    if ("reason" in result) {
      seen.refused++;
      return;
    }
    seen.formatted++;
    if (result.text !== text) seen.changed++;
    expect(parse(result.text)).toEqual(parse(text));
    expect(formatYaml(result.text)).toEqual(result);
    // Comments of their own and those behind values, whatever they look like inside block scalars.
    expect(commentsIn(result.text)).toEqual(commentsIn(text));
    expect(result.text).not.toMatch(/\r|[^\n]$/);
    // Blank lines at the end of a text that keeps them are content.
    if (!text.includes(">+")) expect(result.text).not.toMatch(/\n\n\n/);
    const patch = unifiedDiff(text.replaceAll("\r\n", "\n"), result.text, "a.yaml");
    expect(patched(text.replaceAll("\r\n", "\n"), patch).trim()).toBe(result.text.trim());
  });
  fc.assert(property, { seed, numRuns: 1_500 * effort });
  expect(seen.changed).toBeGreaterThan(500);
  expect(seen.refused).toBeLessThan(seen.formatted / 20);
}, 60_000);

function mapLines(blocks: readonly Block[], indent: string): string[] {
  const names = new Set<string>();
  return blocks.flatMap(({ lines }) => {
    const own = lines(indent);
    // A key is there once.
    const name = own.find(
      (line) => line.startsWith(indent) && /^\S+?:/.test(line.slice(indent.length)),
    );
    const [found = ""] = /^\S+?:/.exec((name ?? "").slice(indent.length)) ?? [];
    const plain = found.replaceAll('"', "");
    if (names.has(plain)) return [];
    names.add(plain);
    return own;
  });
}

function gapLines(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function commentsIn(text: string): string[] {
  return [...text.matchAll(/#(?: ?(?:before|indented before|a|b|behind|no space))(?=\s|$)/g)]
    .map(([found]) => found.replace(/^# ?/, ""))
    .toSorted();
}

/** What `patch` makes of a text. */
function patched(text: string, patch: string): string {
  const before = text.split("\n");
  const after: string[] = [];
  let at = 0;
  for (const line of patch.split("\n").slice(2, -1)) {
    const range = /^@@ -(\d+),/.exec(line);
    if (range !== null) {
      while (at < Number(range[1]) - 1) after.push(before[at++]!);
    } else if (line.startsWith("+")) after.push(line.slice(1));
    else if (line.startsWith("-")) at++;
    else after.push(before[at++]!);
  }
  return [...after, ...before.slice(at)].join("\n").replace(/\n?$/, "\n");
}
