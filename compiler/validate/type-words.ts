/**
 * Types in words: what a schema wants, what a node is, and how the one becomes the other.
 */
import type { JsonSchema, JsonType } from "../../schema/json-schema.ts";
import type { YamlNode } from "../parse/yaml-node.ts";

const WORDS: Record<JsonType, string> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "nothing",
};

/** `text or a list`. */
export function describeTypes(types: readonly JsonType[]): string {
  return types.map((type) => WORDS[type]).join(" or ");
}

/** What stands there: `the number 5`, `the text "yes"`, `a list`, `empty`. */
export function describeNode(node: YamlNode): string {
  if (node.kind !== "scalar") return node.kind === "map" ? "a mapping" : "a list";
  const { value } = node;
  if (value === null) return "empty";
  if (typeof value === "string") return value === "" ? "the empty text" : `the text "${value}"`;
  return typeof value === "number" ? `the number ${value}` : `the value ${value}`;
}

/** How to mend the commonest mistakes; undefined where there is nothing to add. */
export function typeHint(
  node: YamlNode,
  types: readonly JsonType[],
  schema: JsonSchema,
): string | undefined {
  if (node.kind === "map") {
    return types.includes("array") ? 'begin each item with "- "' : undefined;
  }
  if (node.kind === "list") {
    if (types.includes("object")) return "remove the dashes: one mapping belongs here";
    return "remove brackets or dashes: one value belongs here";
  }
  const { value } = node;
  if (value === null) return "give it a value, or remove the key";
  if (types.includes("array")) return `write a list: [${value}]`;
  if (types.includes("string")) return `put it in quotes: "${value}"`;
  if (typeof value !== "string") return undefined;
  if (types.includes("boolean")) return booleanHint(value);
  const digits = value.replaceAll("_", "");
  if (types.includes("integer") && /^[0-9]+$/.test(digits))
    return `write the bare number ${digits}`;
  return schema.default === undefined
    ? undefined
    : `write a value such as ${JSON.stringify(schema.default)}`;
}

/** YAML 1.1 had more words for true and false. */
function booleanHint(text: string): string | undefined {
  if (/^(?:yes|on|y|true|1)$/i.test(text)) return "write true; to YAML 1.2 this is a text";
  if (/^(?:no|off|n|false|0)$/i.test(text)) return "write false; to YAML 1.2 this is a text";
  return undefined;
}
