/**
 * ajv's errors as diagnostics: at the place in the YAML, in words, and one for each mistake where
 * ajv gives one for each branch it tried.
 */
import type { ErrorObject } from "ajv";
import { hasReference } from "../../artifact/reference.ts";
import type { JsonSchema, JsonType } from "../../schema/json-schema.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { nearest } from "../nearest.ts";
import { headOf, type YamlNode, valueAt } from "../parse/yaml-node.ts";
import { describeNode, describeTypes, typeHint } from "./type-words.ts";

/** Reports the errors of one document. */
export function reportSchemaErrors(
  errors: readonly ErrorObject[],
  root: YamlNode,
  log: DiagnosticLog,
): void {
  const found = withoutBranches(errors);
  const meant = new Set<string>();
  for (const error of found.filter(({ keyword }) => keyword === "additionalProperties")) {
    if (log.isFull(root.source.path)) return;
    const near = reportUnknownKey(error, nodeAt(root, error.instancePath), log);
    if (near !== undefined) meant.add(`${error.instancePath}\0${near}`);
  }
  for (const error of found) {
    if (log.isFull(root.source.path)) return;
    // A misspelt key is one mistake: that the right one is missing follows from it.
    const isMeant = requiredBy(error).some((key) => meant.has(`${error.instancePath}\0${key}`));
    if (!isMeant) reportError(error, nodeAt(root, error.instancePath), log);
  }
}

/** The keys that an error says are missing. */
function requiredBy({ keyword, params, schema }: ErrorObject): readonly string[] {
  if (keyword === "required")
    return [String((params as { missingProperty: string }).missingProperty)];
  if (keyword !== "oneOf") return [];
  return (schema as JsonSchema[]).flatMap(({ required }) => required ?? []);
}

/**
 * Leaves out what failed inside `anyOf` and `oneOf`, except the branch of `anyOf` whose type the
 * value has: its errors are the ones that matter, and they take the place of the `anyOf` itself.
 */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const chosen = new Map<string, string>();
  for (const { keyword, schemaPath, instancePath, schema, data } of errors) {
    if (keyword !== "anyOf") continue;
    const branch = (schema as JsonSchema[]).findIndex(({ type }) => hasType(data, type));
    if (branch !== -1) chosen.set(`${instancePath}\0${schemaPath}`, `${schemaPath}/${branch}/`);
  }
  return errors.filter(({ keyword, schemaPath, instancePath }) => {
    if (keyword === "anyOf") return !chosen.has(`${instancePath}\0${schemaPath}`);
    const inside = /^(.*\/(anyOf|oneOf))\/[0-9]+\//.exec(schemaPath);
    if (inside === null) return true;
    if (inside[2] === "oneOf") return false;
    const owner = [...chosen].find(
      ([key, branch]) =>
        instancePath.startsWith(key.split("\0", 1)[0]!) && schemaPath.startsWith(branch),
    );
    return owner !== undefined;
  });
}

/** Reports a key that the schema does not have; gives the one that was probably meant. */
function reportUnknownKey(
  error: ErrorObject,
  node: YamlNode,
  log: DiagnosticLog,
): string | undefined {
  const key = String((error.params as { additionalProperty: string }).additionalProperty);
  const known = Object.keys((error.parentSchema as JsonSchema).properties ?? {});
  const at = (node.kind === "map" && node.entries.get(key)?.key) || headOf(node);
  const near = SYNONYMS.get(key)?.find((word) => known.includes(word)) ?? nearest(key, known);
  log.report("BAL2001", at, { key, near, known });
  return near;
}

function reportError(error: ErrorObject, node: YamlNode, log: DiagnosticLog): void {
  const { keyword, schema, parentSchema } = error;
  switch (keyword) {
    case "additionalProperties":
      return undefined;
    case "type":
      return reportType(node, schema as JsonType | JsonType[], parentSchema as JsonSchema, log);
    case "anyOf": {
      const types = (schema as JsonSchema[]).flatMap(({ type }) => type ?? []);
      return reportType(node, types, parentSchema as JsonSchema, log);
    }
    case "required":
      return log.report("BAL2003", headOf(node), { keys: requiredBy(error) });
    case "oneOf":
      return reportAlternatives(node, schema as JsonSchema[], log);
    case "enum": {
      // A list or a mapping is told of for its type.
      if (node.kind !== "scalar") return undefined;
      const known = (schema as unknown[]).map(String);
      const value = String(error.data);
      if (hasReference(value)) return undefined;
      return log.report("BAL2004", node, { value, near: nearest(value, known), known });
    }
    case "minimum":
    case "maximum": {
      const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = parentSchema as JsonSchema;
      return log.report("BAL2005", node, { value: Number(error.data), minimum, maximum });
    }
    case "minItems": {
      const key = error.instancePath.split("/").at(-1) ?? "";
      return log.report("BAL2006", node, { key });
    }
    default:
      // The schemas use no other keyword; should one come, its own words are better than none.
      return log.report("BAL2002", headOf(node), {
        expected: error.message ?? keyword,
        found: describeNode(node),
        hint: undefined,
      });
  }
}

/** Words that other gateways use for a key. */
const SYNONYMS = new Map([
  ["host", ["domain"]],
  ["hosts", ["domains"]],
  ["hostname", ["domain"]],
  ["path", ["path_prefix"]],
  ["prefix", ["path_prefix"]],
  ["route", ["path_prefix"]],
  ["upstream", ["backends"]],
  ["upstreams", ["backends"]],
  ["servers", ["backends"]],
  ["targets", ["backends"]],
  ["endpoints", ["backends"]],
  ["address", ["url", "port", "listen"]],
  ["listen", ["port"]],
  ["bind", ["listen", "port"]],
  ["client_max_body_size", ["max_body"]],
  ["max_connections", ["connections"]],
  ["server_names", ["names"]],
  ["whitelist", ["allow"]],
  ["blacklist", ["deny"]],
  ["maxconn", ["max_connections"]],
  ["max_conns", ["max_connections"]],
  ["backup", ["priority"]],
  ["down", ["enabled"]],
  ["algorithm", ["load_balancing"]],
  ["retries", ["retry", "attempts"]],
  ["max_attempts", ["attempts"]],
  ["max_failures", ["failure_threshold"]],
  ["max_fails", ["consecutive_failures"]],
  ["max_concurrent_requests", ["max_half_open_requests"]],
  ["error_rate_threshold", ["failure_rate"]],
  ["passive_checks", ["passive"]],
  ["value", ["exact"]],
  ["equals", ["exact"]],
  ["pattern", ["regex"]],
  ["exists", ["present"]],
]);

function reportType(
  node: YamlNode,
  types: JsonType | readonly JsonType[],
  schema: JsonSchema,
  log: DiagnosticLog,
): void {
  // Reported by the parser, and by resolve: each says better what is wrong.
  if (node.kind === "scalar" && (node.changed || hasReference(String(node.value)))) return;
  const wanted = typeof types === "string" ? [types] : types;
  log.report("BAL2002", headOf(node), {
    expected: describeTypes(wanted),
    found: describeNode(node),
    hint: typeHint(node, wanted, schema),
  });
}

/** A `oneOf` of single required keys: none of them is there, or more than one. */
function reportAlternatives(
  node: YamlNode,
  branches: readonly JsonSchema[],
  log: DiagnosticLog,
): void {
  // What is no mapping meets every branch, and was reported for its type.
  if (node.kind !== "map") return;
  const keys = branches.flatMap(({ required }) => required ?? []);
  const given = keys.filter((key) => valueAt(node, key) !== undefined);
  if (given.length === 0) {
    log.report("BAL2003", headOf(node), { keys });
    return;
  }
  const [first, second] = given.map((key) => node.entries.get(key)?.key);
  if (first !== undefined && second !== undefined) {
    const [before, after] = first.start < second.start ? [first, second] : [second, first];
    const note = { message: "the other is here", span: before };
    log.report("BAL2007", after, { keys: given }, [note]);
  }
}

/** The node of an RFC 6901 pointer; the nearest node above where the path leads nowhere. */
function nodeAt(root: YamlNode, pointer: string): YamlNode {
  let node = root;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const next = node.kind === "list" ? node.items[Number(key)] : valueAt(node, key);
    if (next === undefined) break;
    node = next;
  }
  return node;
}

function hasType(data: unknown, type: JsonSchema["type"]): boolean {
  const name = data === null ? "null" : Array.isArray(data) ? "array" : typeof data;
  return type === name || (Array.isArray(type) && type.includes(name as JsonType));
}
