// The schema of SARIF 2.1.0 as Microsoft publishes it with @microsoft/jest-sarif 1.0.0-beta.0 (MIT);
// a copy is in test/fixtures.

import { readFileSync } from "node:fs";

import { Ajv } from "ajv";

/** What is wrong with a SARIF log, nothing when it validates. */
export function sarifFaults(log: unknown): string[] {
  validate ??= compileSchema();
  if (validate(log) === true) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
}

let validate: ReturnType<Ajv["compile"]> | undefined;

function compileSchema(): ReturnType<Ajv["compile"]> {
  const path = new URL("../fixtures/sarif-2.1.0-rtm.5.schema.json", import.meta.url);
  const { id: _id, ...schema } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  // Written for draft-04; it uses nothing that draft-07 reads otherwise, beside `id`.
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  const formats = {
    uri: (text: string): boolean => URL.canParse(text),
    "uri-reference": (text: string): boolean => URL.canParse(text, "http://a/"),
    "date-time": true as const,
  };
  return new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, formats }).compile(schema);
}
