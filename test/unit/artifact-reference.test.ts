import { expect, test } from "vitest";

import { fillReferences, hasReference, parseReferences } from "../../artifact/reference.ts";

test.each([
  ["", []],
  ["plain $ {x}", [{ kind: "text", text: "plain $ {x}" }]],
  ["${env:HOST}", [{ kind: "env", name: "HOST", fallback: undefined }]],
  ["${env:HOST:-}", [{ kind: "env", name: "HOST", fallback: "" }]],
  ["${env:HOST:-a:b-c}", [{ kind: "env", name: "HOST", fallback: "a:b-c" }]],
  ["${file:/run/secrets/x}", [{ kind: "file", path: "/run/secrets/x" }]],
  [
    "http://${env:_H1}:${env:PORT:-80}/a",
    [
      { kind: "text", text: "http://" },
      { kind: "env", name: "_H1", fallback: undefined },
      { kind: "text", text: ":" },
      { kind: "env", name: "PORT", fallback: "80" },
      { kind: "text", text: "/a" },
    ],
  ],
])("%s is split", (value, parts) => {
  expect(parseReferences(value)).toEqual(parts);
  expect(hasReference(value)).toBe(parts.some(({ kind }) => kind !== "text"));
});

test.each([
  ["${", 0, 'without its "}"'],
  ["a${env:X", 1, 'without its "}"'],
  ["${}", 0, "is not a kind of reference"],
  ["${vault:x}", 0, '"vault" is not a kind of reference'],
  ["${HOST}", 0, '"HOST" is not a kind of reference'],
  ["${env:}", 0, "is not the name of an environment variable"],
  ["${env:1X}", 0, "is not the name of an environment variable"],
  ["${env:A-B}", 0, "is not the name of an environment variable"],
  ["${env:A}${env:B:=c}", 8, "is not the name of an environment variable"],
  ["${file:secrets/x}", 0, "is not an absolute path"],
  ["${file:}", 0, "is not an absolute path"],
])("%s is refused at %i", (value, offset, reason) => {
  expect(parseReferences(value)).toEqual({ offset, reason: expect.stringContaining(reason) });
});

/** Fills a value with one variable and one file. */
function fill(value: string): ReturnType<typeof fillReferences> {
  const parts = parseReferences(value);
  if (!Array.isArray(parts)) throw new Error(parts.reason);
  return fillReferences(parts, (part) => {
    if (part.kind === "file") return part.path === "/known" ? "secret" : undefined;
    return part.name === "KNOWN" ? "value" : undefined;
  });
}

test("references are filled in, defaults where nothing is known", () => {
  expect(fill("a${env:KNOWN}b${env:OTHER:-c}${file:/known}")).toEqual({ value: "avaluebcsecret" });
  expect(fill("${env:KNOWN:-x}")).toEqual({ value: "value" });
  expect(fill("${env:OTHER:-}")).toEqual({ value: "" });
});

test("what is missing is named, its value never", () => {
  expect(fill("${file:/known}${env:OTHER}")).toEqual({
    missing: "environment variable OTHER is not set",
  });
  expect(fill("${file:/other}")).toEqual({ missing: "file /other cannot be read" });
});

test("what was filled in is not read again", () => {
  const parts = parseReferences("${env:A}");
  if (!Array.isArray(parts)) throw new Error(parts.reason);
  expect(fillReferences(parts, () => "${env:B}")).toEqual({ value: "${env:B}" });
});
