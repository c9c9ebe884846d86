/**
 * docs/config.md: every key with its type, default, meaning and an example, from the schemas.
 */
import type { JsonSchema, JsonValue } from "./json-schema.ts";
import { bundle, DURATION_PATTERN, SIZE_PATTERN } from "./schemas.ts";

/** The text of docs/config.md. */
export function referenceText(): string {
  const config = bundle("config");
  const service = bundle("service");
  const pool = bundle("pool");
  const stream = bundle("stream");
  const tests = bundle("tests");
  return [
    "# Configuration reference",
    "",
    "<!-- Generated from schema/*.schema.json by schema/generate.ts: change those, then `npm run gen`. -->",
    "",
    "A config tree is a folder with `balto.config.yaml`, `services/**/*.yaml`, `pools/**/*.yaml` and",
    "`streams/**/*.yaml`. Every key there is stands on this page; any other is an error. Durations are texts such as `500ms`, `5s` or `1m30s`, sizes such as",
    "`512B`, `16KiB` or `10MiB`. References (`${env:NAME}`, `${env:NAME:-default}`, `${file:/path}`) are resolved",
    "by the data plane when it loads the artifact, and are allowed only where a key says so.",
    "",
    "## balto.config.yaml",
    "",
    "Settings of the whole gateway. Without the file every default below holds.",
    "",
    ...keysOf(config, config, ""),
    "## services/\\*\\*/\\*.yaml",
    "",
    service.description ?? "",
    "",
    "```yaml",
    "# one service",
    "domain: api.example.com",
    "path_prefix: /users/*",
    "ports: [8081, 8082]",
    "```",
    "",
    "```yaml",
    "# several",
    "services:",
    "  - domain: web.example.com",
    "    path_prefix: /*",
    "    ports: [3000]",
    "```",
    "",
    "The keys of a service are the same here and under `services` in balto.config.yaml.",
    "",
    ...keysOf(service, service.definitions?.["service"] ?? {}, ""),
    "## pools/\\*\\*/\\*.yaml",
    "",
    pool.description ?? "",
    "",
    "```yaml",
    "name: users",
    "backends:",
    "  - url: http://10.0.0.7:8080",
    "  - url: http://10.0.0.8:8080",
    "load_balancing: { algorithm: p2c }",
    "health_check: { path: /healthz }",
    "```",
    "",
    "The keys of a pool are the same here and under `pools` in balto.config.yaml.",
    "",
    ...keysOf(pool, pool.definitions?.["pool"] ?? {}, ""),
    "## streams/\\*\\*/\\*.yaml",
    "",
    stream.description ?? "",
    "",
    "```yaml",
    "name: redis",
    'listen: ":6379"',
    "backends:",
    "  - url: tcp://10.0.0.7:6379",
    "  - url: tcp://10.0.0.8:6379",
    "health_check: { interval: 2s }",
    "```",
    "",
    "The keys of a stream are the same here and under `streams` in balto.config.yaml. [docs/streams.md](streams.md) says",
    "what they do.",
    "",
    ...keysOf(stream, stream.definitions?.["stream"] ?? {}, ""),
    "## Blocks of services, streams, pools and `global`",
    "",
    "A service or stream without `pool`, a pool and `global` have these blocks alike; `retry` and `hedge` are of services.",
    "What a block of a service, stream or pool leaves out is as `global` has it, key by key, and then as it stands here.",
    "Lists, headers and `hash` are taken as a whole. Pools of streams are probed over TCP unless their own block names",
    "another `type`, and know nothing of `sticky`, nor of a `hash` but `source-ip`.",
    "",
    ...SHARED.flatMap((name) => part(service, service.definitions?.[name] ?? {}, name)),
    "## tests/\\*\\*/\\*.yaml",
    "",
    tests.description ?? "",
    "[testing.md](testing.md) shows how they are used.",
    "",
    ...keysOf(tests, tests, ""),
  ].join("\n");
}

/** The keys of a mapping; those that are mappings themselves follow with a heading of their own. */
function keysOf(document: JsonSchema, mapping: JsonSchema, prefix: string): string[] {
  const keys: string[] = [];
  const below: string[] = [];
  for (const [key, schema] of Object.entries(mapping.properties ?? {})) {
    const path = prefix + key;
    const target = definition(document, schema);
    const item = schema.items && definition(document, schema.items);
    const shared = SHARED.find((name) => schema.$ref === `#/definitions/${name}`);
    if (shared !== undefined) {
      keys.push(`- **\`${path}\`** (mapping)`, `  See [\`${shared}\`](#${shared}).`);
    } else if (target === undefined) {
      keys.push(...keyLines(path, schema, mapping.required?.includes(key) ?? false));
      const named = namedBelow(document, schema);
      if (named !== undefined) below.push(...part(document, named, `${path}.*`));
      // Services, pools and streams have a part of the page to themselves; backends are below services.
      const isElsewhere =
        ["Service", "Pool", "Stream"].includes(item?.title ?? "") ||
        (item?.title === "Backend" && mapping.title !== "Service");
      if (item !== undefined && !isElsewhere) below.push(...part(document, item, `${path}[]`));
    } else {
      below.push(...part(document, target, path));
    }
  }
  return [...keys, ...(keys.length > 0 ? [""] : []), ...below];
}

/** Blocks that stand in several places: the page has them once. */
const SHARED = [
  "load_balancing",
  "health_check",
  "circuit_breaker",
  "queue",
  "dns",
  "retry",
  "hedge",
];

function part(document: JsonSchema, mapping: JsonSchema, path: string): string[] {
  const keys = keysOf(document, mapping, `${path}.`);
  return [`### \`${path}\``, "", mapping.description ?? "", "", ...keys];
}

/** The mappings that a mapping has by names of the user's. */
function namedBelow(document: JsonSchema, schema: JsonSchema): JsonSchema | undefined {
  const { additionalProperties } = schema;
  return typeof additionalProperties === "object"
    ? definition(document, additionalProperties)
    : undefined;
}

function definition(document: JsonSchema, schema: JsonSchema): JsonSchema | undefined {
  const name = schema.$ref?.replace("#/definitions/", "");
  return name === undefined ? undefined : document.definitions?.[name];
}

function keyLines(path: string, schema: JsonSchema, required: boolean): string[] {
  const example = exampleOf(schema);
  const facts = [
    typeOf(schema),
    ...(required ? ["required"] : []),
    ...(schema.default === undefined ? [] : [`default ${code(schema.default)}`]),
    ...(example === undefined ? [] : [`for example ${code(example)}`]),
  ];
  return [`- **\`${path}\`** (${facts.join("; ")})`, `  ${schema.description ?? ""}`];
}

/** What the schema gives, else a value that is not the default. */
function exampleOf(schema: JsonSchema): JsonValue | undefined {
  if (schema.type === "boolean") return schema.default !== true;
  const others = (schema.enum ?? schema.examples ?? []).filter((value) => value !== schema.default);
  return others[0] ?? (schema.type === "integer" ? 3 : undefined);
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join("; or a ");
  if (schema.items !== undefined) {
    return schema.items.$ref === undefined ? `list of ${typeOf(schema.items)}` : "list of mappings";
  }
  if (schema.pattern === DURATION_PATTERN) return "duration";
  if (schema.pattern === SIZE_PATTERN) return "size";
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  const { minimum, maximum } = schema;
  const range = minimum === undefined || maximum === undefined ? "" : ` ${minimum} to ${maximum}`;
  return types
    .map((type) => (type === "integer" || type === "number" ? `number${range}` : TYPE_WORDS[type]))
    .join(" or ");
}

const TYPE_WORDS: Record<string, string> = {
  string: "text",
  boolean: "true or false",
  object: "mapping",
  null: "null",
};

function code(value: JsonValue): string {
  return `\`${flow(value)}\``;
}

/** YAML in flow style, quoted only where it must be. */
function flow(value: JsonValue): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value as Record<string, JsonValue>);
    if (pairs.length === 0) return "{}";
    return `{ ${pairs.map(([key, item]) => `${key}: ${flow(item)}`).join(", ")} }`;
  }
  return String(value);
}

const PLAIN =
  /^(?:[0-9]+(?:ms|s|m|h|B|[KMG]iB)|https?:\/\/[^\s{}$[\],]+|[A-Za-z/][A-Za-z0-9/._*:-]*)$/;
