// FORMAT.md says what layout.ts says: every section and field, in order, with offset and range.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import {
  type Field,
  fieldsOf,
  FORMAT_VERSION,
  MAGIC,
  METHODS_MAX,
  type RowSection,
  SECTIONS,
  SECTIONS_MAX,
  strideOf,
  TRAILER_MAGIC,
} from "../../artifact/layout.ts";
import { ALGORITHMS, LOG_LEVELS } from "../../artifact/model.ts";
import { PATTERN_SEGMENTS_MAX } from "../../artifact/pattern.ts";

const document = readFileSync(new URL("../../artifact/FORMAT.md", import.meta.url), "utf8");
const prose = document.replaceAll(/\s+/g, " ");

/** The cells of the first table in a part of the document, its head not among them. */
function tableOf(part: string): string[][] {
  const lines = part.split("\n").map((line) => line.trim());
  const from = lines.findIndex((line) => line.startsWith("|"));
  if (from === -1) return [];
  const to = lines.findIndex((line, index) => index > from && !line.startsWith("|"));
  return lines.slice(from + 2, to).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const parts = document
  .split(/^### /m)
  .slice(1)
  .map((part) => part.split(/^## /m)[0]!);

function holds(field: Field): string {
  switch (field.kind) {
    case "number":
      return `number, ${field.min} to ${field.max}`;
    case "text":
      return "text";
    case "methods":
      return "set of methods";
    case "row":
      return `row of \`${field.of}\`${field.optional ? ", or none" : ""}`;
    case "run":
      return `run of \`${field.of}\``;
  }
}

test("every section is described, in order, with the bytes of its rows", () => {
  const headings = parts.map((part) => part.split("\n")[0]);
  expect(headings).toEqual(
    SECTIONS.map((name, number) => {
      const bytes = name === "strings" ? 1 : name === "stringEnds" ? 4 : strideOf(name) * 4;
      return `${number}. \`${name}\`, rows of ${bytes} byte${bytes === 1 ? "" : "s"}`;
    }),
  );
});

test.each(SECTIONS.slice(2) as RowSection[])("every field of %s is described, in order", (name) => {
  const part = parts[SECTIONS.indexOf(name)]!;
  expect(tableOf(part)).toEqual(
    fieldsOf(name).map(({ name: field, field: kind, at }) => [
      String(at * 4),
      `\`${field}\``,
      holds(kind),
    ]),
  );
});

test("the tables of header, section table and trailer have no gap and no overlap", () => {
  const widths = (title: string, table: number) => {
    const part = document.split(`\n## ${title}\n`)[1]!.split(/^## /m)[0]!;
    const tables = part.split(/\n(?=\| offset)/).slice(1);
    return tableOf(`${tables[table]}\n`).map(([offset, bytes]) => [Number(offset), Number(bytes)]);
  };
  const isDense = (rows: number[][], end: number) =>
    rows.every(([offset, bytes], i) => offset! + bytes! === (rows[i + 1]?.[0] ?? end));
  expect(isDense(widths("Header", 0), 64)).toBe(true);
  expect(isDense(widths("Section table", 0), 16)).toBe(true);
  expect(isDense(widths("Trailer", 0), 16)).toBe(true);
  expect(widths("Trailer", 1).map(([offset]) => offset)).toEqual([0, 4, 8]);
});

test("the constants are those of the code", () => {
  expect(document).toContain(`# The artifact format, version ${FORMAT_VERSION}\n`);
  expect(prose).toContain(`format version, ${FORMAT_VERSION} |`);
  expect(prose).toContain(`magic, \`${MAGIC}\` in ASCII`);
  expect(prose).toContain(`magic, \`${TRAILER_MAGIC}\` in ASCII`);
  expect(prose).toContain(
    `number of sections, ${SECTIONS.length} in this version, never more than ${SECTIONS_MAX}`,
  );
  expect(prose).toContain(`At most ${METHODS_MAX} rows, sorted by name`);
  expect(prose).toContain(`No node is deeper than ${PATTERN_SEGMENTS_MAX}`);
  expect(prose).toContain(ALGORITHMS.map((name, number) => `${number} ${name}`).join(", "));
  expect(prose).toContain(LOG_LEVELS.map((name, bit) => `${bit} ${name}`).join(", "));
});
