// The second of three nets under the import rules: it reads every import of every file. (The first is
// oxlint.config.ts, the third boots the data plane with nothing else on disk.)

import { expect, test } from "vitest";
import { fileViolations } from "../architecture/files.ts";
import { readImports } from "../architecture/imports.ts";
import { importViolations, rooms } from "../architecture/rooms.ts";
import { readSources } from "../architecture/sources.ts";

const violationsOf = (file: string, source: string): string[] =>
  importViolations(file, readImports(file, source));

test("every import stays within its room's walls", () => {
  const sources = readSources(Object.keys(rooms));
  expect(sources.flatMap(({ file, text }) => violationsOf(file, text))).toEqual([]);
});

test("every file is named in kebab-case after its concept and has at most 500 lines", () => {
  const sources = readSources([...Object.keys(rooms), "examples", "deploy", "bench", "test"]);
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.flatMap(({ file, text }) => fileViolations(file, text))).toEqual([]);
});

test.each([
  ["a static import", `import { parse } from "yaml";`],
  ["a bare import", `import "yaml";`],
  ["a type import", `import type { Document } from "yaml";`],
  ["a re-export", `export { parse } from "yaml";`],
  ["a whole re-export", `export * from "yaml";`],
  ["a type re-export", `export type { Document } from "yaml";`],
  ["a dynamic import", `const yaml = await import("yaml");`],
  ["an inline type import", `let document: import("yaml").Document;`],
  ["a subpath", `import "yaml/browser";`],
  ["require", `const yaml = require("yaml");`],
  ["import equals", `import yaml = require("yaml");`],
])("%s through a wall is found", (_, source) => {
  expect(violationsOf("dataplane/main.ts", `\n${source}\n`)).toEqual([
    "dataplane/main.ts:2 imports the package yaml, but dataplane/ may not",
  ]);
});

test.each([
  ["artifact/match.ts", `import "../dataplane/main.ts";`],
  ["artifact/match.ts", `import "node:fs";`],
  ["artifact/match.ts", `import "pino";`],
  ["schema/service.ts", `import "../artifact/layout.ts";`],
  ["schema/service.ts", `import "node:path";`],
  ["compiler/compile.ts", `import "node:fs/promises";`],
  ["compiler/compile.ts", `import "../dataplane/main.ts";`],
  ["compiler/compile.ts", `import "undici";`],
  ["compiler/read-tree.ts", `import "node:net";`],
  ["dataplane/http/handle.ts", `import type { Tree } from "../../compiler/tree.ts";`],
  ["dataplane/main.ts", `import "ajv/dist/2020.js";`],
  ["dataplane/main.ts", `import "../package.json" with { type: "json" };`],
  ["dataplane/main.ts", `import "fs";`],
  ["dataplane/main.ts", "await import(name);"],
  ["control/main.ts", `import "../dataplane/main.ts";`],
  ["cli/main.ts", `import "../dataplane/main.ts";`],
  ["cli/main.ts", `import "yaml";`],
])("%s may not say %s", (file, source) => {
  expect(violationsOf(file, source)).toHaveLength(1);
});

test.each([
  ["artifact/match.ts", `import { createHash } from "node:crypto"; import "./layout.ts";`],
  ["compiler/compile.ts", `import "yaml"; import "ajv"; import "../schema/service.ts";`],
  ["compiler/read-tree.ts", `import "node:fs";`],
  [
    "dataplane/http/handle.ts",
    `import "../../artifact/match.ts"; import "pino"; import "node:net";`,
  ],
  ["control/main.ts", `import "../compiler/compile.ts"; import "undici";`],
  ["cli/main.ts", `import "../control/main.ts"; import "../compiler/compile.ts";`],
])("%s may say %s", (file, source) => {
  expect(violationsOf(file, source)).toEqual([]);
});

test("a file in no room may not pose as one", () => {
  expect(violationsOf("elsewhere/main.ts", "")).toEqual(["elsewhere/main.ts is in no room"]);
});

test("bad names and long files are found", () => {
  expect(fileViolations("artifact/matchRoute.ts", "")).toHaveLength(1);
  expect(fileViolations("artifact/utils.ts", "")).toHaveLength(1);
  expect(fileViolations("artifact/helpers.test.ts", "")).toHaveLength(1);
  expect(fileViolations("artifact/match.ts", "\n".repeat(501))).toHaveLength(1);
  expect(fileViolations("artifact/match-route.test.ts", "\n".repeat(500))).toEqual([]);
});
