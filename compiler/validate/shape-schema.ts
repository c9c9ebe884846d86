/**
 * The schemas as ajv is given them: keys and types only, without a `$ref`.
 *
 * What a text means (a duration, a URL, a pattern) is judged by the parser that reads it, in
 * resolve: it knows why a text is wrong, where a regular expression only knows that it is. And two
 * of ajv's ways take time in the square of a hostile list: `uniqueItems`, and joining the errors of
 * every item behind a `$ref`.
 */
import type { JsonSchema } from "../../schema/json-schema.ts";
import { bundle, DURATION_PATTERN, type SchemaName, SIZE_PATTERN } from "../../schema/schemas.ts";

/** The shape of a definition of a schema, or of its root. */
export function shapeOf(name: SchemaName, definition?: string): JsonSchema {
  const document = bundle(name);
  const { definitions = {}, ...root } = document;
  return shape(definition === undefined ? root : definitions[definition]!, definitions);
}

function shape(schema: JsonSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  if (schema.$ref !== undefined) {
    return shape(definitions[schema.$ref.replace("#/definitions/", "")]!, definitions);
  }
  // Durations and sizes may be of any type here: `5` deserves to be told about units, not about types.
  if (schema.pattern === DURATION_PATTERN || schema.pattern === SIZE_PATTERN) return {};
  const {
    $id: _id,
    pattern: _pattern,
    minLength: _minLength,
    maxLength: _maxLength,
    uniqueItems: _uniqueItems,
    examples: _examples,
    ...plain
  } = schema;
  const { minimum: _minimum, maximum: _maximum, ...text } = plain;
  const below = (part: JsonSchema): JsonSchema => shape(part, definitions);
  return {
    // A port that may be a text is read as one, range and all.
    ...(Array.isArray(plain.type) ? text : plain),
    ...(plain.items && { items: below(plain.items) }),
    ...(plain.properties && {
      properties: Object.fromEntries(
        Object.entries(plain.properties).map(([key, value]) => [key, below(value)]),
      ),
    }),
    ...(typeof plain.additionalProperties === "object" && {
      additionalProperties: below(plain.additionalProperties),
    }),
    ...(plain.anyOf && { anyOf: plain.anyOf.map(below) }),
    ...(plain.allOf && { allOf: plain.allOf.map(below) }),
  };
}
