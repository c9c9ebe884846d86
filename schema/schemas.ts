/**
 * The schemas by name: what `balto schema` prints, what the compiler validates with, and what the
 * types and docs/config.md are generated from. The .schema.json files are the source; `bundle`
 * makes one self-contained document of a kind.
 */
import configFile from "./config.schema.json" with { type: "json" };
import type { JsonSchema } from "./json-schema.ts";
import poolFile from "./pool.schema.json" with { type: "json" };
import serviceFile from "./service.schema.json" with { type: "json" };
import sharedFile from "./shared.schema.json" with { type: "json" };
import streamFile from "./stream.schema.json" with { type: "json" };
import testsFile from "./tests.schema.json" with { type: "json" };

/** The kinds of files in a tree: balto.config.yaml, and the files under services/, pools/, streams/ and tests/. */
export const SCHEMA_NAMES = ["config", "service", "pool", "stream", "tests"] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

/**
 * The schema of a kind as one document: every `$ref` points into its own `definitions`, and a `$ref`
 * with neighbours is merged with its target, because draft-07 ignores such neighbours.
 */
export function bundle(name: SchemaName): JsonSchema {
  let document = bundles.get(name);
  if (document === undefined) bundles.set(name, (document = assemble(name)));
  return document;
}

/** The pattern of a duration: by it a duration is known, and read. */
export const DURATION_PATTERN: string = sharedFile.definitions.duration.pattern;
/** The pattern of a size, likewise. */
export const SIZE_PATTERN: string = sharedFile.definitions.size.pattern;

const FILES: Record<string, JsonSchema> = {
  "config.schema.json": configFile as JsonSchema,
  "pool.schema.json": poolFile as JsonSchema,
  "service.schema.json": serviceFile as JsonSchema,
  "shared.schema.json": sharedFile as JsonSchema,
  "stream.schema.json": streamFile as JsonSchema,
  "tests.schema.json": testsFile as JsonSchema,
};

const bundles = new Map<SchemaName, JsonSchema>();

function assemble(name: SchemaName): JsonSchema {
  const file = `${name}.schema.json`;
  const definitions: Record<string, JsonSchema> = {};
  const { definitions: _own, ...root } = FILES[file]!;
  const body = flatten(root, file, definitions);
  const sorted = Object.fromEntries(
    Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { ...body, definitions: sorted };
}

/** Copies a schema of `file`; objects it refers to are put into `definitions`, values inline. */
function flatten(
  schema: JsonSchema,
  file: string,
  definitions: Record<string, JsonSchema>,
): JsonSchema {
  if (schema.$ref !== undefined) {
    const { $ref, ...neighbours } = schema;
    const [path, name] = $ref.split("#/definitions/") as [string, string];
    const home = path === "" ? file : path;
    const target = FILES[home]?.definitions?.[name];
    if (target === undefined) throw new Error(`${file}: ${$ref} leads nowhere`);
    if (target.type !== "object") {
      const { title: _title, ...value } = flatten(target, home, definitions);
      return { ...value, ...neighbours };
    }
    if (!(name in definitions)) {
      definitions[name] = {};
      definitions[name] = flatten(target, home, definitions);
    }
    return { $ref: `#/definitions/${name}` };
  }
  const each = (part: JsonSchema): JsonSchema => flatten(part, file, definitions);
  return {
    ...schema,
    ...(schema.properties && { properties: mapValues(schema.properties, each) }),
    ...(typeof schema.additionalProperties === "object" && {
      additionalProperties: each(schema.additionalProperties),
    }),
    ...(schema.items && { items: each(schema.items) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map(each) }),
    ...(schema.allOf && { allOf: schema.allOf.map(each) }),
  };
}

function mapValues<V>(
  object: Readonly<Record<string, V>>,
  map: (value: V) => V,
): Record<string, V> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
