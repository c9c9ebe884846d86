// OTLP receiver: a process that takes spans as a collector does (OTLP over HTTP, JSON), refuses what is
// not as the specification has it, and prints what it took, a line for each request.
//
// node otlp-receiver.ts [status …]: answers these statuses first, one a request, and then 200.

import { createServer } from "node:http";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Rule = (value: Json | undefined, path: string) => void;

const text: Rule = (value, path) => must(typeof value === "string", path, "a text");
const hex =
  (digits: number): Rule =>
  (value, path) =>
    must(
      typeof value === "string" &&
        new RegExp(`^[0-9a-f]{${digits}}$`).test(value) &&
        !/^0+$/.test(value),
      path,
      `${digits} hexadecimal digits, not all zero`,
    );
/** 64 bits are texts in the JSON of protocol buffers. */
const uint64: Rule = (value, path) =>
  must(
    typeof value === "string" && /^(?:0|[1-9][0-9]{0,19})$/.test(value),
    path,
    "a 64-bit number",
  );
const int64: Rule = (value, path) =>
  must(
    typeof value === "string" && /^-?(?:0|[1-9][0-9]{0,18})$/.test(value),
    path,
    "a 64-bit number",
  );
const oneOf =
  (...values: number[]): Rule =>
  (value, path) =>
    must(typeof value === "number" && values.includes(value), path, `one of ${values.join()}`);
const optional =
  (rule: Rule): Rule =>
  (value, path) => {
    if (value !== undefined) rule(value, path);
  };
const list =
  (rule: Rule): Rule =>
  (value, path) => {
    must(Array.isArray(value), path, "a list");
    (value as Json[]).forEach((item, index) => rule(item, `${path}[${index}]`));
  };
const message =
  (fields: Record<string, Rule>): Rule =>
  (value, path) => {
    must(typeof value === "object" && value !== null && !Array.isArray(value), path, "a message");
    for (const key of Object.keys(value as object)) must(key in fields, `${path}.${key}`, "known");
    for (const [key, rule] of Object.entries(fields))
      rule((value as Record<string, Json>)[key], `${path}.${key}`);
  };

const anyValue: Rule = (value, path) => {
  const kinds: Record<string, Rule> = {
    stringValue: text,
    intValue: int64,
    boolValue: (flag, at) => must(typeof flag === "boolean", at, "true or false"),
    doubleValue: (number, at) => must(typeof number === "number", at, "a number"),
  };
  const keys = Object.keys((value ?? {}) as object);
  must(keys.length === 1 && keys[0]! in kinds, path, "one value");
  kinds[keys[0]!]!((value as Record<string, Json>)[keys[0]!], `${path}.${keys[0]}`);
};
const attributes: Rule = (value, path) => {
  list(message({ key: text, value: anyValue }))(value, path);
  const keys = (value as { key: string }[]).map(({ key }) => key);
  must(new Set(keys).size === keys.length && !keys.includes(""), path, "each key once");
};
const spanShape = message({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: optional(hex(16)),
  traceState: optional(text),
  flags: optional((value, path) => must(Number.isInteger(value), path, "a number")),
  name: (value, path) => must(typeof value === "string" && value !== "", path, "a name"),
  kind: oneOf(1, 2, 3, 4, 5),
  startTimeUnixNano: uint64,
  endTimeUnixNano: uint64,
  attributes,
  status: message({ code: optional(oneOf(0, 1, 2)), message: optional(text) }),
});
const span: Rule = (value, path) => {
  spanShape(value, path);
  const { startTimeUnixNano, endTimeUnixNano } = value as Record<string, string>;
  must(BigInt(startTimeUnixNano!) <= BigInt(endTimeUnixNano!), path, "over after it began");
  const age = BigInt(Date.now()) - BigInt(endTimeUnixNano!) / 1_000_000n;
  must(age > -5_000n && age < 600_000n, path, "of today");
};
const exportRequest = message({
  resourceSpans: list(
    message({
      resource: message({ attributes }),
      scopeSpans: list(
        message({
          scope: message({ name: text, version: optional(text) }),
          spans: list(span),
        }),
      ),
    }),
  ),
});

function must(holds: boolean, path: string, what: string): void {
  if (!holds) throw new Error(`${path} is not ${what}`);
}

const statuses = process.argv.slice(2).map(Number);
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += String(part)));
  request.on("end", () => {
    const answer = (status: number, value: object): void => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(value));
    };
    const planned = statuses.shift();
    if (planned !== undefined) return answer(planned, {});
    try {
      must(request.method === "POST", "method", "POST");
      must(request.url === "/v1/traces", "path", "/v1/traces");
      must(request.headers["content-type"] === "application/json", "content-type", "JSON");
      const json = JSON.parse(body) as Json;
      exportRequest(json, "$");
      process.stdout.write(`${JSON.stringify(json)}\n`);
      answer(200, { partialSuccess: {} });
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ refused: String(error) })}\n`);
      answer(400, { message: String(error) });
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: (address as { port: number }).port })}\n`);
});
