// Code frames: carets stand under what they mean, whatever the line is made of.

import { expect, it } from "vitest";

import type { Diagnostic } from "../../compiler/diagnostic.ts";
import { formatters } from "../../compiler/report/index.ts";
import { at } from "./report-sample.ts";

it("expands tabs, in the line and under it", () => {
  expect(frame("\tkey:\tvalue", [1, 7, 1, 12])).toEqual(["    key:    value", "            ^^^^^"]);
});

it("gives wide characters two columns and combining marks none", () => {
  expect(frame("日本: ni\u0308hon", [1, 1, 1, 3])).toEqual(["日本: ni\u0308hon", "^^^^"]);
  expect(frame("日本: ni\u0308hon", [1, 5, 1, 11])).toEqual(["日本: ni\u0308hon", "      ^^^^^"]);
});

it("takes an emoji of several code points as one character", () => {
  const family = "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}";
  expect(frame(`${family}x`, [1, 9, 1, 10])).toEqual([`${family}x`, "  ^"]);
});

it("leaves the carriage return of a CRLF file out", () => {
  expect(frame("first\r\nsecond\r\n", [2, 1, 2, 8])).toEqual(["second", "^^^^^^"]);
});

it("shows no control character of the file", () => {
  const [source] = frame("a\u001b[31mb\u202ec", [1, 1, 1, 2]);
  expect(source).toBe("a\ufffd[31mb\ufffdc");
});

it("puts one caret where a range is empty or begins after the line's end", () => {
  expect(frame("key:", [1, 5, 1, 5])).toEqual(["key:", "    ^"]);
  expect(frame("key:\n", [2, 1, 2, 1])).toEqual(["", "^"]);
  expect(frame("key:", [1, 1, 1, 1])).toEqual(["key:", "^"]);
});

it("shows first and last line of a range of several", () => {
  const text = "services:\n  - a: 1\n    b: 2\nnext:";
  expect(rows(text, [1, 1, 3, 9])).toEqual([
    "    |",
    "  1 | services:",
    "    | ^^^^^^^^^",
    "  … |",
    "  3 |     b: 2",
    "    |     ^^^^",
  ]);
});

it("ends a range at the start of a line with the line before", () => {
  expect(frame("one\ntwo\n", [1, 1, 2, 1])).toEqual(["one", "^^^"]);
});

it("cuts a long line to a window around the carets", () => {
  const line = `k: ${"a".repeat(5000)}HERE${"b".repeat(5000)}`;
  const [source = "", carets = ""] = frame(line, [1, 5004, 1, 5008]);
  expect(source).toMatch(/^…a+HEREb+…$/);
  expect(source.length).toBeLessThanOrEqual(80);
  expect(source.slice(carets.indexOf("^"), carets.lastIndexOf("^") + 1)).toBe("HERE");
});

it("cuts the carets with the line", () => {
  const [source = "", carets = ""] = frame(`x: ${"日".repeat(900)}`, [1, 4, 1, 904]);
  expect(source.endsWith("…")).toBe(true);
  expect(carets).toMatch(/^ {3}\^+$/);
  expect(carets.length).toBeLessThanOrEqual(80);
});

it("stays quick on a line of ten megabytes", () => {
  const line = "\u{1f600}".repeat(2_500_000);
  const start = performance.now();
  const [source = ""] = frame(line, [1, 2_500_001, 1, 2_500_003]);
  expect(source).toMatch(/^…\p{Emoji}+…$/u);
  expect(performance.now() - start).toBeLessThan(2000);
});

it("leaves the frame out where the tree has no such line", () => {
  expect(rows("one line", [9, 1, 9, 2])).toEqual([]);
});

it("aligns the gutter to the longest line number", () => {
  const text = "x\n".repeat(12);
  expect(rows(text, [9, 1, 11, 2])).toEqual([
    "     |",
    "   9 | x",
    "     | ^",
    "   … |",
    "  11 | x",
    "     | ^",
  ]);
});

type Range = [line: number, column: number, endLine: number, endColumn: number];

/** Source and caret row of the first line of a frame, without the gutter. */
function frame(text: string, range: Range): string[] {
  return rows(text, range)
    .slice(1, 3)
    .map((row) => row.slice(row.indexOf("|") + 2));
}

function rows(text: string, range: Range): string[] {
  const diagnostic: Diagnostic = {
    code: "BAL2001",
    name: "unknown-key",
    severity: "error",
    message: "m",
    location: at("a.yaml", ...range),
    notes: [],
    help: "",
  };
  const tree = { files: [{ path: "a.yaml", content: new TextEncoder().encode(text) }] };
  const report = formatters.text(
    { diagnostics: [diagnostic], tree, prefix: "", version: "0" },
    { colour: false, columns: 80 },
  );
  return report.split("\n").slice(1, -3);
}
