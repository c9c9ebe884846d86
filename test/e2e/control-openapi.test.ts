// The contract: whatever the API answers is what GET /balto/openapi.json says it answers, operation by
// operation, by a running Balto.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openApiDocument } from "../../control/openapi/document.ts";
import { API_ID, at, tree } from "./control-trees.ts";
import { type ApiAnswer, type ApiQuestion, askApi } from "../harness/writer.ts";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./cli-process.ts";
import { until } from "../harness/until.ts";

interface ResponseObject {
  content?: Record<string, { schema?: object }>;
  headers?: Record<string, object>;
}
interface OperationObject {
  operationId: string;
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, ResponseObject>;
}
type Paths = Record<string, Record<string, OperationObject>>;

const TOKEN = "contract";
const NEW = { domain: "n.example.com", path_prefix: "/n", ports: ["1"] };
const API = { domain: "api.example.com", path_prefix: "/api/v1/*", ports: ["9000"] };

interface Question extends ApiQuestion {
  line: string;
  status: number;
  /** Of a data plane that cannot do it. */
  or?: number;
}

/** Requests by the operation they are for. `body` is checked against the document as well, if it is good. */
const QUESTIONS: Record<string, Question[]> = {
  getHealth: [{ line: "GET /health", status: 200 }],
  getLiveness: [{ line: "GET /livez", status: 200 }],
  getReadiness: [
    { line: "GET /readyz", status: 200 },
    { line: "GET /readyz?verbose", status: 200 },
  ],
  getStats: [{ line: "GET /balto/health/stats", status: 200 }],
  getMetrics: [{ line: "GET /balto/metrics", status: 200 }],
  getArtifact: [{ line: "GET /balto/artifact", status: 200 }],
  reload: [
    { line: "POST /balto/reload", status: 200 },
    { line: "POST /balto/reload", status: 401, headers: { authorization: "" } },
  ],
  listBackends: [{ line: "GET /balto/backends", status: 200 }],
  drainBackend: [{ line: "POST /balto/backends/nothing/drain", status: 404 }],
  undrainBackend: [{ line: "POST /balto/backends/nothing/undrain", status: 404 }],
  getEvents: [],
  listServices: [{ line: "GET /balto/services", status: 200 }],
  createService: [
    { line: "POST /balto/services?dry_run=true", status: 200, body: NEW },
    { line: "POST /balto/services", status: 201, body: NEW },
    { line: "POST /balto/services", status: 409, body: NEW },
    { line: "POST /balto/services", status: 400, body: { ...NEW, domain: "m.x", ports: ["x"] } },
    { line: "POST /balto/services", status: 400, body: { nothing: 1 } },
    { line: "POST /balto/services", status: 401, body: NEW, headers: { authorization: "" } },
    { line: "POST /balto/services", status: 403, body: NEW, headers: { origin: "http://x" } },
    {
      line: "POST /balto/services",
      status: 412,
      body: { ...NEW, domain: "m.x" },
      headers: { "if-match": '"x"' },
    },
    {
      line: "POST /balto/services",
      status: 415,
      body: "x=1",
      headers: { "content-type": "text/plain" },
    },
  ],
  getService: [
    { line: `GET ${at(API_ID)}`, status: 200 },
    { line: "GET /balto/services/nothing", status: 404 },
  ],
  replaceService: [
    { line: `PUT ${at(API_ID)}?dry_run=true`, status: 200, body: API },
    { line: `PUT ${at(API_ID)}`, status: 200, body: API },
    { line: `PUT ${at(API_ID)}`, status: 412, body: API, headers: { "if-match": '"x"' } },
    { line: "PUT /balto/services/nothing", status: 404, body: API },
  ],
  patchService: [
    { line: `PATCH ${at(API_ID)}`, status: 200, body: { ports: ["9001"], max_body: "1MiB" } },
    { line: `PATCH ${at(API_ID)}`, status: 200, body: { max_body: null } },
    { line: `PATCH ${at(API_ID)}`, status: 400, body: { path_prefix: "x" } },
  ],
  removeService: [
    { line: `DELETE ${at("n.example.com-/n")}?dry_run=true`, status: 200 },
    { line: `DELETE ${at("n.example.com-/n")}`, status: 204 },
    { line: `DELETE ${at("n.example.com-/n")}`, status: 404 },
  ],
  checkService: [
    { line: "POST /balto/check", status: 200, body: NEW },
    { line: "POST /balto/check", status: 200, body: { ...NEW, ports: ["x"] } },
    { line: "POST /balto/check", status: 400, body: "{" },
  ],
  explainRequest: [
    { line: "POST /balto/explain", status: 200, body: { url: "http://a.b/" } },
    {
      line: "POST /balto/explain",
      status: 200,
      body: { method: "PUT", url: "http://a.b/", headers: [{ name: "X-Team", value: "a" }] },
    },
    { line: "POST /balto/explain", status: 400, body: { url: "a.b" } },
    { line: "POST /balto/explain", status: 400, body: { url: "http://a.b/", headers: { a: "b" } } },
    { line: "POST /balto/explain", status: 400, body: { url: "http://a.b/", from: "nobody" } },
  ],
  getOpenApi: [{ line: "GET /balto/openapi.json", status: 200 }],
};

let balto: ChildProcess;
let folder: string;
let port: number;
let said = "";
let paths: Paths;
let ajv: Ajv2020;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "balto-contract-"));
  for (const [path, text] of Object.entries(tree())) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { PATH = "" } = process.env;
  balto = spawn(
    process.execPath,
    [join(root, "bin/balto.js"), "run", folder, "--workers=1", "--parent-pipe"],
    {
      env: { PATH, BALTO_ADMIN_TOKEN: TOKEN },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  balto.stdout!.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until("both processes are there", () => /"Listening"/.test(said) && /"Serving"/.test(said));
  port = Number(/"listen":"127\.0\.0\.1:(\d+)"/.exec(said)?.[1]);
  const document = (await ask({ line: "GET /balto/openapi.json" })).json as {
    paths: Paths;
  };
  expect(document).toEqual(openApiDocument());
  paths = document.paths;
  ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    formats: { "date-time": /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ },
  });
  ajv.addSchema({ $id: "api", ...document });
});

afterAll(async () => {
  const ended = new Promise((resolve) => balto.once("exit", resolve));
  balto.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

function ask({ line, headers = {}, body }: ApiQuestion & { line: string }): Promise<ApiAnswer> {
  const authorization = `Bearer ${TOKEN}`;
  const all = Object.fromEntries(
    Object.entries({ authorization, ...headers }).filter(([, value]) => value !== ""),
  );
  return askApi({ host: "127.0.0.1", port }, line, {
    headers: all,
    ...(body === undefined ? {} : { body }),
  });
}

/** A schema of the document, with its references into it. */
function validator(schema: object): ValidateFunction {
  return ajv.compile(
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object,
  );
}

function operationOf(id: string): { method: string; path: string; operation: OperationObject } {
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (operation.operationId === id) return { method, path, operation };
    }
  }
  throw new Error(`there is no operation ${id}`);
}

it("has questions for every operation, and for no other", () => {
  const ids = Object.values(openApiDocument()["paths"] as Paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(Object.keys(QUESTIONS).toSorted()).toEqual(ids.toSorted());
});

describe.each(Object.entries(QUESTIONS).filter(([, questions]) => questions.length > 0))(
  "%s",
  (id, questions) => {
    it.each(questions)(
      "$line is answered $status as described",
      async ({ status, or, ...question }) => {
        const { method, path, operation } = operationOf(id);
        const [verb = "", target = ""] = question.line.split(" ");
        expect(verb.toLowerCase()).toBe(method);
        expect(target.split("?")[0]).toMatch(new RegExp(`^${path.replace("{id}", "[^/]+")}$`));
        if (
          status < 300 &&
          typeof question.body === "object" &&
          operation.requestBody !== undefined &&
          !question.line.includes("check")
        ) {
          const accepts = validator(operation.requestBody.content["application/json"]!.schema);
          expect(accepts(question.body), ajv.errorsText(accepts.errors)).toBe(true);
        }
        const answer = await ask(question);
        expect([status, or], answer.text).toContain(answer.status);
        const described = operation.responses[answer.status];
        expect(described, `${answer.status} is described`).toBeDefined();
        if (described?.content === undefined) return expect(answer.text).toBe("");
        const type = String(answer.headers["content-type"]).split(";")[0]!;
        const known = Object.keys(described.content).map((name) => name.split(";")[0]);
        expect(known).toContain(type);
        for (const name of Object.keys(described.headers ?? {})) {
          // Nothing is committed here, and what was not written has no ETag.
          if (name === "Balto-Commit" || question.line.includes("dry_run")) continue;
          expect(answer.headers[name.toLowerCase()], name).toBeDefined();
        }
        if (type !== "application/json") return undefined;
        const accepts = validator(described.content[type]!.schema ?? {});
        expect(accepts(answer.json), `${ajv.errorsText(accepts.errors)}\n${answer.text}`).toBe(
          true,
        );
        return undefined;
      },
    );
  },
);

it("getEvents is a stream of events, each with JSON of its kind", async () => {
  const { operation } = operationOf("getEvents");
  const events = await new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const asked = request(
      { host: "127.0.0.1", port, path: "/balto/events", headers },
      (response) => {
        expect(response.statusCode).toBe(200);
        const [type] = Object.keys(operation.responses["200"]!.content!);
        expect(response.headers["content-type"]).toContain(type);
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (!/^event: reload\n(?:.*\n)*\n/m.test(text)) return;
          asked.destroy();
          resolve(text);
        });
        void ask({ line: `PATCH ${at(API_ID)}`, body: { ports: ["9002"] } });
      },
    );
    asked.on("error", reject);
    asked.end();
  });
  const data =
    /^event: reload\n(?:id: .*\n)?data: (.*)$/m.exec(events)?.[1] ??
    /^data: (.*)$/m.exec(events)?.[1];
  expect(JSON.parse(data ?? "")).toMatchObject({ result: "loaded" });
});

it("drains a backend that is there, and lets it work again", async () => {
  const backends = (await ask({ line: "GET /balto/backends" })).json as { id: string }[];
  const id = encodeURIComponent(backends[0]!.id);
  for (const what of ["drain", "undrain"]) {
    const answer = await ask({ line: `POST /balto/backends/${id}/${what}` });
    const { operation } = operationOf(`${what}Backend`);
    expect(operation.responses[answer.status], `${answer.status} ${answer.text}`).toBeDefined();
    const accepts = validator(
      operation.responses[answer.status]!.content!["application/json"]!.schema!,
    );
    expect(accepts(answer.json), ajv.errorsText(accepts.errors)).toBe(true);
  }
});
