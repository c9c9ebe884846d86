/**
 * Generates what follows from the schemas: types.gen.ts, defaults.gen.ts, docs/config.md, and the
 * schemas in one document each beside the tree that `make run` serves.
 *
 * `node schema/generate.ts` writes them; with `--check` nothing is written and the exit code is 1
 * where one differs. No part of the product: it runs by hand, and in the tests.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { argv, cwd } from "node:process";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";
import { defaultsText } from "./defaults-text.ts";
import { referenceText } from "./reference-text.ts";
import { bundle, SCHEMA_NAMES } from "./schemas.ts";
import { TYPES_OPTIONS, typesDocument } from "./types-document.ts";

/** One generated file. */
export interface Generated {
  path: string;
  text: string;
}

/** What the schemas say now, whatever the files on disk say. */
export async function generate(): Promise<Generated[]> {
  return [
    { path: fromHere("types.gen.ts"), text: await typesText() },
    { path: fromHere("defaults.gen.ts"), text: defaultsText() },
    { path: fromHere("../docs/config.md"), text: referenceText() },
    ...SCHEMA_NAMES.map((name) => ({
      path: fromHere(`../configs/schema/${name}.schema.json`),
      text: `${JSON.stringify(bundle(name), null, 2)}\n`,
    })),
  ];
}

/** The generated files that differ from `generated`. */
export function drifted(generated: readonly Generated[]): Generated[] {
  return generated.filter(({ path, text }) => {
    const there = readOr(path);
    return path.endsWith(".json") ? !isSameJson(there, text) : there !== text;
  });
}

/** How JSON is laid out is the formatter's business. */
function isSameJson(there: string | undefined, text: string): boolean {
  return (
    there !== undefined && JSON.stringify(JSON.parse(there)) === JSON.stringify(JSON.parse(text))
  );
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const stale = drifted(await generate());
  const check = argv.includes("--check");
  for (const { path, text } of stale) {
    if (!check) writeFileSync(path, text);
    const name = relative(cwd(), path);
    console.error(check ? `${name} is out of date: run npm run gen` : `wrote ${name}`);
  }
  if (check && stale.length > 0) process.exitCode = 1;
}

function typesText(): Promise<string> {
  // Its own type of a schema wants mutable lists.
  const document = structuredClone(typesDocument()) as Parameters<typeof compile>[0];
  return compile(document, "Documents", TYPES_OPTIONS);
}

function fromHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
