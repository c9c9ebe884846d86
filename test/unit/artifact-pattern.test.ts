import { expect, test } from "vitest";

import {
  hasParameter,
  parameterNames,
  parsePattern,
  PATTERN_BYTES_MAX,
  PATTERN_SEGMENTS_MAX,
} from "../../artifact/pattern.ts";

const literal = (text: string) => ({ kind: "literal", text });
const parameter = (text: string) => ({ kind: "parameter", text });

test.each([
  ["/", { segments: [], rest: false }],
  ["/*", { segments: [], rest: true }],
  ["/api/v1/*", { segments: [literal("api"), literal("v1")], rest: true }],
  ["/users/:id", { segments: [literal("users"), parameter("id")], rest: false }],
  ["/:a/b/:c/*", { segments: [parameter("a"), literal("b"), parameter("c")], rest: true }],
  ["/a:b/c;d=1/~e", { segments: [literal("a:b"), literal("c;d=1"), literal("~e")], rest: false }],
  ["/caf%C3%A9", { segments: [literal("caf%C3%A9")], rest: false }],
  ["/a%2Fb", { segments: [literal("a%2Fb")], rest: false }],
  ["/..;/...", { segments: [literal("..;"), literal("...")], rest: false }],
])("%s is read", (text, pattern) => {
  expect(parsePattern(text)).toEqual(pattern);
});

test.each([
  ["", 0, "does not begin with a slash"],
  ["api", 0, "does not begin with a slash"],
  ["/a/", 3, "has an empty segment"],
  ["//a", 1, "has an empty segment"],
  ["/a//b", 3, "has an empty segment"],
  ["/*/a", 1, "has a * before its end"],
  ["/a/*/", 3, "has a * before its end"],
  ["/a/b*", 4, 'has a * inside "b*"'],
  ["/a/**", 3, 'has a * inside "**"'],
  ["/a/.", 3, 'has a dot segment "."'],
  ["/../a", 1, 'has a dot segment ".."'],
  ["/a b", 2, 'has the character " " in "a b"'],
  ["/a?b", 2, 'has the character "?" in "a?b"'],
  ["/a#b", 2, 'has the character "#"'],
  ["/a\\b", 2, "has the character"],
  ["/café", 4, 'has the character "é"'],
  ["/a😀", 2, 'has the character "😀"'],
  ["/a%zz", 2, 'has the character "%"'],
  ["/a%4", 2, 'has the character "%"'],
  ["/a%61", 2, 'encodes "a" as %61'],
  ["/%2e%2E", 1, 'encodes "." as %2e'],
  ["/a%00", 2, "holds %00, which is refused in requests"],
  ["/a%0d", 2, "holds %0d, which is refused in requests"],
  ["/a%5C", 2, "holds %5C, which is refused in requests"],
  ["/:", 1, 'has a parameter ":"'],
  ["/:a.b", 1, 'has a parameter ":a.b"'],
  ["/:é", 1, "has a parameter"],
  ["/:_id", 1, "has a parameter"],
  [`/:${"a".repeat(65)}`, 1, "has a parameter"],
  ["/:id/a/:ID", 7, 'names the parameter "ID" twice'],
  [`/${"a".repeat(PATTERN_BYTES_MAX)}`, 0, "is longer than 2048 bytes"],
  ["/a".repeat(PATTERN_SEGMENTS_MAX + 1), 129, "has more than 64 segments"],
])("%s is refused at %i", (text, offset, reason) => {
  const fault = parsePattern(text);
  expect(fault).toMatchObject({ offset, reason: expect.stringContaining(reason) });
  expect(fault).toHaveProperty("help", expect.stringMatching(/./));
});

test("64 segments and a * are not too many", () => {
  expect(parsePattern(`${"/a".repeat(PATTERN_SEGMENTS_MAX)}/*`)).toMatchObject({ rest: true });
});

test("parameters are named in order", () => {
  const pattern = parsePattern("/a/:b/:c-1/*");
  if ("reason" in pattern) throw new Error(pattern.reason);
  expect(hasParameter(pattern)).toBe(true);
  expect(parameterNames(pattern)).toEqual(["b", "c-1"]);
});
