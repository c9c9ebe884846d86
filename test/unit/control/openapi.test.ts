// The OpenAPI document is whole: what it refers to is there, what the writer does is in it, and its schemas
// are JSON Schema.

import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";

import { openApiDocument } from "../../../control/openapi/document.ts";
import { DATA_PLANE_PATHS } from "../../../control/openapi/data-plane-operations.ts";
import { SERVICE_PATHS } from "../../../control/openapi/service-operations.ts";
import { OPERATIONS } from "../../../control/operations/index.ts";
import { bundle } from "../../../schema/schemas.ts";

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, object>;
}

const document = openApiDocument() as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

it("is OpenAPI 3.1, and JSON through and through", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});

it("names every operation once, with its path's parameters and an answer that succeeds", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations) {
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
    expect(inPath.map(({ name }) => name)).toEqual(named);
    expect(Object.keys(operation.responses).some((status) => status.startsWith("2"))).toBe(true);
  }
});

it("has every operation of the writer, and no path twice", () => {
  for (const { method, path } of OPERATIONS) {
    expect(document.paths[path]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined();
  }
  expect(Object.keys(SERVICE_PATHS).filter((path) => path in DATA_PLANE_PATHS)).toEqual([]);
});

it("refers to nothing that is not there, and keeps nothing that nobody refers to", () => {
  const text = JSON.stringify(document);
  const wanted = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name ?? "",
  );
  expect(text.match(/"\$ref"/g)).toHaveLength(wanted.length);
  expect([...new Set(wanted)].toSorted()).toEqual(
    Object.keys(document.components.schemas).toSorted(),
  );
});

it("has schemas that compile, and that have every key of a service", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "api", ...document });
  for (const name of Object.keys(document.components.schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name).not.toThrow();
  }
  const keys = Object.keys(bundle("service").definitions!["service"]!.properties!);
  for (const name of ["Service", "ServicePatch", "ServiceResource"]) {
    const schema = document.components.schemas[name] as { properties: object };
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(keys));
  }
});

it("says of services what the config tree says: what is right there is right here", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "api", ...document });
  const accepts = ajv.compile({ $ref: "api#/components/schemas/Service" });
  const good = { domain: "a.example.com", path_prefix: "/", ports: ["8081", 8082] };
  expect(accepts(good)).toBe(true);
  expect(accepts({ ...good, id: "x" })).toBe(false);
  expect(accepts({ ...good, prots: [] })).toBe(false);
  expect(accepts({ domain: "a.example.com", ports: [1] })).toBe(false);
  expect(accepts({ path_prefix: "/", ports: [1] })).toBe(false);
  expect(accepts({ domain: "a.example.com", path_prefix: "/" })).toBe(false);
});
