/**
 * Services in the API: the schema of the files under services/, and what the API adds to it.
 */
import type { JsonSchema } from "../../schema/json-schema.ts";
import { bundle } from "../../schema/schemas.ts";
import { ref, type Schema } from "./openapi.ts";

/** The schemas of services and of what they hold, by name. */
export function serviceSchemas(): Record<string, Schema> {
  const { definitions = {} } = bundle("service");
  const schemas: Record<string, Schema> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    if (name !== "service" && name !== "service_list") {
      schemas[titleOf(name, definition)] = converted(definition, definitions);
    }
  }
  const service = definitions["service"] ?? {};
  const properties = Object.fromEntries(
    Object.entries(service.properties ?? {}).map(([key, schema]) => [
      key,
      converted(schema, definitions),
    ]),
  );
  const { alternatives, required } = requirements(service);
  return {
    ...schemas,
    Service: {
      description:
        "A service as it is sent. What the API adds to a service is ignored, so that what was read can be sent back.",
      type: "object",
      additionalProperties: false,
      required,
      allOf: alternatives,
      properties: { ...properties, ...OWN },
    },
    ServicePatch: {
      description:
        "A merge patch (RFC 7396): null removes a key, mappings are merged, all else is put in place.",
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries({ ...properties, ...OWN }).map(([key, schema]) => [
          key,
          { anyOf: [schema, { type: "null" }] },
        ]),
      ),
    },
    ServiceResource: {
      description:
        "A service as it is shown: six members that are always there, and what else is written.",
      type: "object",
      additionalProperties: false,
      required: ["id", "domain", "path_prefix", "ports", "created_at", "updated_at"],
      properties: {
        ...properties,
        ...OWN,
        ports: {
          description: "The backends in short form, also where they are written as `backends`.",
          type: "array",
          items: { type: "string" },
        },
      },
    },
  };
}

const OWN: Readonly<Record<string, Schema>> = {
  id: {
    description:
      "SHA-256 in hex of `domain:path_prefix`; with methods of `domain:path_prefix:GET,POST`. Addresses take `domain-path_prefix`, percent-encoded, as well.",
    type: "string",
    pattern: "^[0-9a-f]{64}$",
  },
  created_at: { description: "RFC 3339.", type: "string", format: "date-time" },
  updated_at: { description: "RFC 3339.", type: "string", format: "date-time" },
};

/** `domain` or `domains`, `ports` or `backends`: sent back, both may be there. */
function requirements({ allOf = [], required = [] }: JsonSchema): {
  alternatives: Schema[];
  required: readonly string[];
} {
  const alternatives = allOf.flatMap(({ oneOf }) =>
    oneOf === undefined ? [] : [{ anyOf: oneOf }],
  );
  return { alternatives, required };
}

/** From draft-07, which says `definitions`, to what OpenAPI has; the rest of the words are the same. */
function converted(schema: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): Schema {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/definitions/", "");
    return ref(titleOf(name, definitions[name]));
  }
  const each = (part: JsonSchema): Schema => converted(part, definitions);
  const { properties, items, anyOf, allOf, oneOf, title: _title, ...rest } = schema;
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, each(value)]),
      ),
    }),
    ...(items && { items: each(items) }),
    ...(anyOf && { anyOf: anyOf.map(each) }),
    ...(allOf && { allOf: allOf.map(each) }),
    ...(oneOf && { oneOf: oneOf.map(each) }),
  };
}

function titleOf(name: string, definition: JsonSchema | undefined): string {
  return definition?.title ?? name;
}
