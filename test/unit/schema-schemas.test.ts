import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { parseDuration } from "../../compiler/resolve/duration.ts";
import { parseSize } from "../../compiler/resolve/size.ts";
import { CONFIG_DEFAULTS, SERVICE_DEFAULTS } from "../../schema/defaults.gen.ts";
import { drifted, generate } from "../../schema/generate.ts";
import type { JsonSchema } from "../../schema/json-schema.ts";
import { bundle, DURATION_PATTERN, SCHEMA_NAMES, SIZE_PATTERN } from "../../schema/schemas.ts";

for (const name of SCHEMA_NAMES) {
  it(`bundles ${name} into one draft-07 document`, () => {
    const document = bundle(name);
    expect(document.$schema).toBe("http://json-schema.org/draft-07/schema#");
    expect(document.$id).toMatch(/:v1:/);
    const validate = new Ajv({
      strict: true,
      strictRequired: false,
      allowUnionTypes: true,
    }).compile(document);
    const service = { domain: "a.b", path_prefix: "/", ports: [8080] };
    const pool = { name: "a", ports: [8080], health_check: { headers: { "X-A": "b" } } };
    const stream = { name: "a", listen: ":1", tls: { sni: [{ names: ["a.b"], ports: [1] }] } };
    const tests = { tests: [{ request: { host: "a.b", path: "/" }, expect: { route: null } }] };
    const config = { services: [service], pools: [pool], streams: [stream] };
    const samples = { config, service, pool, stream, tests };
    expect(validate(samples[name])).toBe(true);
    expect(validate({ colour: "red" })).toBe(false);
  });

  it(`describes every key of ${name} and lets no other in`, () => {
    for (const [path, schema] of walk(bundle(name))) {
      if (schema.$ref !== undefined) {
        expect(Object.keys(schema), `${path}: draft-07 ignores what stands beside $ref`).toEqual([
          "$ref",
        ]);
      } else if (schema.type !== undefined && !path.includes("/anyOf/")) {
        expect(schema.description, path).toMatch(/\.$/);
      }
      // Keys are known; where they are names of users' own, their values' type is.
      const { additionalProperties: more = true } = schema;
      if (schema.type === "object") expect(more !== true, path).toBe(true);
    }
  });
}

it("accepts a service in either form", () => {
  const validate = new Ajv({ strict: false }).compile(bundle("service"));
  const service = { domains: ["a.b"], path_prefix: "/", backends: [{ url: "http://a:1" }] };
  expect(validate(service)).toBe(true);
  expect(validate({ services: [service, service] })).toBe(true);
  expect(validate({ ...service, domain: "c.d" })).toBe(false);
  expect(validate({ ...service, ports: [1] })).toBe(false);
});

it("accepts a pool in either form, and in a service in place of backends", () => {
  const validate = new Ajv({ strict: false }).compile(bundle("pool"));
  const pool = { name: "a", backends: [{ url: "http://a:1" }] };
  expect(validate(pool)).toBe(true);
  expect(validate({ pools: [pool, pool] })).toBe(true);
  expect(validate({ ...pool, ports: [1] })).toBe(false);
  expect(validate({ ...pool, retry: { attempts: 1 } })).toBe(false);
  const ofService = new Ajv({ strict: false }).compile(bundle("service"));
  const service = { domain: "a.b", path_prefix: "/", pool: "a" };
  expect(ofService(service)).toBe(true);
  expect(ofService({ ...service, ports: [1] })).toBe(false);
});

it("gives global timeouts the defaults of a service's", () => {
  const { read: _r, write: _w, ...shared } = SERVICE_DEFAULTS.timeouts;
  expect(CONFIG_DEFAULTS.global.timeouts).toMatchObject(shared);
});

it("generates what is committed", async () => {
  expect(drifted(await generate()).map(({ path }) => path)).toEqual([]);
});

it("gives every default of a duration or size in its form", () => {
  for (const name of SCHEMA_NAMES) {
    for (const [path, schema] of walk(bundle(name))) {
      if (schema.pattern === DURATION_PATTERN) {
        expect(parseDuration(schema.default as string), path).toBeTypeOf("number");
      }
      if (schema.pattern === SIZE_PATTERN && schema.default !== undefined) {
        expect(parseSize(schema.default as string), path).toBeTypeOf("number");
      }
    }
  }
});

/** A schema and every one inside it. */
function* walk(schema: JsonSchema, path = ""): Generator<[string, JsonSchema]> {
  yield [path, schema];
  for (const key of ["properties", "definitions"] as const) {
    for (const [name, part] of Object.entries(schema[key] ?? {}))
      yield* walk(part, `${path}/${name}`);
  }
  if (schema.items !== undefined) yield* walk(schema.items, `${path}/items`);
  for (const [index, part] of (schema.anyOf ?? []).entries())
    yield* walk(part, `${path}/anyOf/${index}`);
}
