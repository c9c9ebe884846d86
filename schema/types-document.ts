/**
 * What the TypeScript types of a config tree are generated from: one schema document with all
 * kinds of files in it.
 */
import type { JsonSchema } from "./json-schema.ts";
import { bundle } from "./schemas.ts";

/** How json-schema-to-typescript is to write them. */
export const TYPES_OPTIONS = {
  bannerComment: `/**
 * Types of a config tree as it is written. Generated from the schemas by schema/generate.ts:
 * change those, then run \`npm run gen\`.
 */`,
  additionalProperties: false,
  ignoreMinAndMaxItems: true,
  style: { printWidth: 100 },
} as const;

/** One document that mentions every root, so that what they share is written once. */
export function typesDocument(): JsonSchema {
  const config = bundle("config");
  const service = bundle("service");
  const pool = bundle("pool");
  const stream = bundle("stream");
  const tests = bundle("tests");
  return {
    title: "Documents",
    description: "Each kind of file by the name of its schema.",
    type: "object",
    additionalProperties: false,
    required: ["config", "service", "pool", "stream", "tests"],
    properties: {
      config: { $ref: "#/definitions/config" },
      service: { $ref: "#/definitions/service_file" },
      pool: { $ref: "#/definitions/pool_file" },
      stream: { $ref: "#/definitions/stream_file" },
      tests: { $ref: "#/definitions/tests_file" },
    },
    definitions: {
      ...withoutAlternatives(config.definitions),
      ...withoutAlternatives(service.definitions),
      ...withoutAlternatives(pool.definitions),
      ...withoutAlternatives(stream.definitions),
      ...withoutAlternatives(tests.definitions),
      config: root(config),
      service_file: root(service),
      pool_file: root(pool),
      stream_file: root(stream),
      tests_file: root(tests),
    },
  };
}

function root(document: JsonSchema): JsonSchema {
  const { $schema: _schema, $id: _id, definitions: _definitions, ...rest } = document;
  return rest;
}

/** TypeScript has no short word for "exactly one of two keys": both become optional keys. */
function withoutAlternatives(
  definitions: JsonSchema["definitions"] = {},
): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, { allOf: _allOf, ...rest }]) => [name, rest]),
  );
}
