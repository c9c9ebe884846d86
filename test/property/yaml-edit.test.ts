// Whatever a file looks like and whatever is changed in it, the file then says that and nothing else,
// and lines that have nothing to do with the change are as they were.

import fc from "fast-check";
import { expect, it } from "vitest";

import { SERVICE_KEYS } from "../../control/service/service-value.ts";
import { editService, readYaml } from "../../control/yaml/edit-file.ts";
import { diffLines } from "../../control/yaml/line-diff.ts";
import type { Plain } from "../../control/yaml/reshape.ts";
import { effort, seed } from "./seed.ts";

const timeout = 20_000 * effort;

type Value = { [key: string]: Plain };

const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
const text = fc.oneof(
  word,
  fc.constantFrom(
    "yes",
    "1",
    "8081",
    "null",
    "~",
    "a: b",
    "x #y",
    "",
    "é",
    "'q'",
    '"d"',
    "*",
    "- a",
  ),
);
const port = fc.oneof(fc.integer({ min: 1, max: 65535 }), text);
const service: fc.Arbitrary<Value> = fc.record(
  {
    name: text,
    enabled: fc.boolean(),
    domain: text,
    path_prefix: text,
    ports: fc.array(port, { maxLength: 4 }),
    backends: fc.array(
      fc.record(
        { url: text, weight: fc.integer() },
        { requiredKeys: ["url"], noNullPrototype: true },
      ),
      {
        maxLength: 3,
      },
    ),
    timeouts: fc.record({ read: text, write: text }, { requiredKeys: [], noNullPrototype: true }),
  },
  { requiredKeys: ["domain", "path_prefix"], noNullPrototype: true },
) as fc.Arbitrary<Value>;

/** How somebody wrote it: remarks, empty lines, quotes, flow or block, aligned or not. */
const style = fc.record({
  quote: fc.constantFrom("", '"', "'"),
  flow: fc.boolean(),
  space: fc.constantFrom(" ", "  ", "    "),
  dash: fc.constantFrom("- ", "-   "),
  remark: fc.constantFrom("", " # remark", "     # aligned"),
  above: fc.constantFrom("", "# above\n", "\n", "\n\n# after two\n"),
});
type Style = typeof style extends fc.Arbitrary<infer S> ? S : never;

function scalar(value: Plain, { quote }: Style): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (quote === "'") return `'${value.replaceAll("'", "''")}'`;
  return quote === '"' || !/^[a-z][a-z0-9.-]*$/.test(value) || ["yes", "null"].includes(value)
    ? JSON.stringify(value)
    : value;
}

function written(value: Plain, how: Style, indent: string): string {
  if (Array.isArray(value)) {
    const isFlow =
      value.length === 0 || (how.flow && value.every((item) => typeof item !== "object"));
    if (isFlow) return ` [${value.map((item) => scalar(item, how)).join(", ")}]${how.remark}\n`;
    const lines = value.map((item) =>
      typeof item === "object"
        ? `${indent}${how.dash}${written(item, how, `${indent}${" ".repeat(how.dash.length)}`).trimStart()}`
        : `${indent}${how.dash}${scalar(item, how)}${how.remark}\n`,
    );
    return `\n${lines.join("")}`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return " {}\n";
    const lines = entries.map(([key, item]) => {
      const above = how.above.replaceAll(/^(?=#)/gm, indent);
      return `${above}${indent}${key}:${written(item, how, `${indent}  `)}`;
    });
    return `\n${lines.join("")}`;
  }
  return `${how.space}${scalar(value, how)}${how.remark}\n`;
}

function fileOf(services: readonly Value[], how: Style): string {
  const items = services.map((value) => {
    const body = written(value, { ...how, above: "" }, "    ").trimStart();
    return `${how.above}  - ${body}`;
  });
  return `# head\n\nservices:${services.length === 0 ? " []\n" : `\n${items.join("")}`}`;
}

it("an edit says what was asked for, and nothing else", { timeout }, () => {
  fc.assert(
    fc.property(
      fc.array(service, { minLength: 1, maxLength: 4 }),
      style,
      fc.nat(),
      fc.option(service, { nil: undefined }),
      (services, how, at, value) => {
        const index = at % services.length;
        const before = fileOf(services, how);
        expect(readYaml(before)?.value).toEqual({ services });
        const after = editService(before, { index }, value, SERVICE_KEYS);
        const wanted = services.toSpliced(index, 1, ...(value === undefined ? [] : [value]));
        expect(readYaml(after)?.value).toEqual({ services: wanted });
        expect(after.startsWith("# head\n")).toBe(true);
      },
    ),
    { seed, numRuns: 400 * effort },
  );
});

it("changing one text changes one line", { timeout }, () => {
  fc.assert(
    fc.property(
      fc.array(service, { minLength: 1, maxLength: 4 }),
      style,
      fc.nat(),
      word,
      (services, how, at, name) => {
        const index = at % services.length;
        const value = { ...services[index], domain: `${name}.changed` };
        const before = fileOf(services, how).split("\n");
        const after = editService(before.join("\n"), { index }, value, SERVICE_KEYS).split("\n");
        const hunks = diffLines(before, after);
        expect(hunks).toHaveLength(1);
        expect(hunks[0]).toMatchObject({
          beforeEnd: hunks[0]!.beforeStart + 1,
          afterEnd: hunks[0]!.afterStart + 1,
        });
      },
    ),
    { seed, numRuns: 300 * effort },
  );
});

it("hunks lead from the one text to the other", { timeout }, () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const rebuilt: string[] = [];
      let from = 0;
      for (const { beforeStart, beforeEnd, afterStart, afterEnd } of diffLines(before, after)) {
        rebuilt.push(...before.slice(from, beforeStart), ...after.slice(afterStart, afterEnd));
        from = beforeEnd;
      }
      rebuilt.push(...before.slice(from));
      expect(rebuilt).toEqual(after);
    }),
    { seed, numRuns: 500 * effort },
  );
});
