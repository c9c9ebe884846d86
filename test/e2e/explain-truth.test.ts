// Explain tells the truth: what it says becomes of a request is what a data plane with the same artifact
// does, and what it says a backend sees is what a backend sees.

import { expect, test } from "vitest";

import { openArtifact } from "../../artifact/view.ts";
import { Explainer, type Explanation } from "../../compiler/explain/explanation.ts";
import type { Request } from "../../compiler/explain/request.ts";
import { compiled } from "../harness/artifact.ts";
import { ask, type Answer } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin, type Received } from "../harness/origin.ts";

const tree = (url: string, config: string, global: string): Record<string, string> => ({
  "balto.config.yaml": `${global}server: { port: "127.0.0.1:0", limits: { target: 256B, fields: 8, head: 1KiB, via_hops: 2 }${config} }\n`,
  "services/all.yaml": `services:
  - { name: strip, domain: a.test, path_prefix: /api/v1/*, ports: ["${url}"] }
  - { name: exact, domain: a.test, path_prefix: /exact, ports: ["${url}/base"] }
  - { name: kept, domain: a.test, path_prefix: /kept/*, strip_prefix: false, preserve_host: true, ports: ["${url}"] }
  - { name: user, domain: a.test, path_prefix: "/users/:id", max_body: 4B, ports: ["${url}"] }
  - { name: user-rest, domain: a.test, path_prefix: "/users/:id/x/*", methods: [GET, PUT], ports: ["${url}"] }
  - { name: beta, domain: a.test, path_prefix: /exact, match: { headers: [{ name: X-Beta, regex: "v[0-9]+" }], query: [{ name: q, prefix: a }] }, ports: ["${url}"] }
  - { name: urgent, domain: a.test, path_prefix: /*, priority: 5, match: { headers: [{ name: X-Urgent, present: true }] }, ports: ["${url}/urgent"] }
  - { name: below, domain: "*.a.test", path_prefix: /*, ports: ["${url}/below"] }
  - { name: address, domain: "[::1]", path_prefix: /, ports: ["${url}/address"] }
`,
});

/** Request lines with further fields. `Host` is a.test where none is named. */
const requests: readonly (readonly [line: string, ...fields: string[]])[] = [
  ["GET /api/v1/users/1?x=%20&y"],
  ["GET /api/v1"],
  ["GET /api/v1/"],
  ["GET //api//v1//a//"],
  ["GET /api/v1/a/../b/./c"],
  ["GET /api/%76%31/%2Fa"],
  ["GET /exact/"],
  ["GET /exact//"],
  ["GET /exact?q=ab", "X-Beta: v12"],
  ["GET /exact?q=%61b&q=c", "X-Beta: v12"],
  ["GET /exact?p&q=b", "X-Beta: v12"],
  ["GET /exact?q=ab", "X-Beta: v1", "x-beta: v2"],
  ["POST /kept/a;b=c?d", "Host: A.TEST:80"],
  ["GET /kept", "Host: a.test."],
  ["GET /users/J%C3%B6rg"],
  ["GET /users/a%20b"],
  ["GET /users/%20a"],
  ["GET /users/%FF"],
  ["GET /users/%FF/x/y"],
  ["PUT /users/7/x"],
  ["POST /users/7/x"],
  ["DELETE /users/7/x/y/z"],
  ["POST /users/7", "Content-Length: 4"],
  ["POST /users/7", "Content-Length: 5"],
  ["GET /users/7", "X-Param-id: 8", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https"],
  ["GET /nothing", "X-Urgent:"],
  ["GET /nothing"],
  ["GET /"],
  ["GET /health"],
  ["POST /health/"],
  ["GET /healthy"],
  ["OPTIONS *"],
  ["OPTIONS /api/v1/a", "Max-Forwards: 0"],
  ["OPTIONS /api/v1/a", "Origin: http://b", "Access-Control-Request-Method: PUT"],
  ["GET /x/y", "Host: deep.below.a.test"],
  ["GET /x/y", "Host: .a.test"],
  ["GET /", "Host: [::1]:8080"],
  ["GET /", "Host: [::1%25eth0]"],
  ["GET /", "Host: b.test"],
  ["GET /", "Host: a b"],
  ["GET /", "Host: a.test:99999"],
  ["GET /../a"],
  ["GET /a/%2e%2e/%2e%2e/b"],
  ["GET /a%5Cb"],
  ["GET /a%00"],
  ["GET /a%4"],
  ["GET /a%zz"],
  ["GET /a\\b"],
  ["GET /kept/a%5Cb"],
  ["GET /kept/..;/b"],
  ["GET /kept/%2e;x/b"],
  ["GET /kept/..%3B/b"],
  ["GET /kept/...;/b"],
  ["GET /kept/%252e%252E/b"],
  ["GET /kept/%25%32%65"],
  ["GET /kept/100%25/b"],
  ["GET /kept/%25zz/../%255c"],
  ["GET /kept/a", "X_Forwarded_For: 1", "Content_Length: 2"],
  ["GET /kept/a", "X_FORWARDED_thing: 1"],
  ["GET /kept/a", "Via: 1.1 edge, 1.0 EDGE"],
  ["GET /kept/a", "Via: 1.1 edge, 1.0 EDGE (a, b)", "Via: HTTP/1.1 edge"],
  ["GET /nothing", "Via: 1.1 edge", "Via: 1.1 edge", "Via: 1.1 edge"],
  ["GET /health", "Via: 1.1 edge, 1.1 edge, 1.1 edge"],
  ["OPTIONS /kept/a", "Max-Forwards: 0", "Via: 1.1 edge, 1.1 edge, 1.1 edge"],
  ["GET /kept/a", "X_Param_id: 1", "X_Other: 2"],
  ["GET /a#b"],
  ["GET /caf\u00e9"],
  ["TRACE /api/v1/a"],
  ["CONNECT /api/v1/a"],
  ["get /users/7/x/y"],
  ["G@T /api/v1/a"],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG /"],
  [`GET /${"a".repeat(255)}`],
  [`GET /${"a".repeat(256)}`],
  ["GET /api/v1/a", "A: 1", "B: 1", "C: 1", "D: 1", "E: 1", "F: 1", "G: 1"],
  ["GET /api/v1/a", "A: 1", "B: 1", "C: 1", "D: 1", "E: 1", "F: 1", "G: 1", "H: 1"],
  ["GET /api/v1/a", `A: ${"a".repeat(1024)}`],
];

/** What is told of a request, by explain or by what was seen. */
interface Told {
  status: number;
  allow?: string | undefined;
  target?: string;
  fields?: (string | undefined)[];
}

const FIELDS = [
  "Host",
  "X-Forwarded-For",
  "X-Forwarded-Proto",
  "X-Forwarded-Host",
  "X-Param-id",
  "Via",
  "X_Forwarded_For",
];

const variants: [name: string, config: string, global?: string][] = [
  ["nobody is trusted", ""],
  ["backslashes may be encoded", ", encoded_backslash: allow"],
  ["paths are strict", ", strict_paths: true"],
  ["paths are strict and hold backslashes", ", strict_paths: true, encoded_backslash: allow"],
  ["it has a name in Via", ", via: edge"],
  ["disguised fields are dropped", ", underscores: drop"],
  ["disguised fields are allowed", ", underscores: allow"],
  ["this client is trusted", ", trusted_proxies: [127.0.0.0/8]"],
  ["preflights are answered", "", 'global: { cors: { enabled: true, allowed_origins: ["*"] } }\n'],
];

for (const [name, config, global = ""] of variants) {
  test(`explain says what the data plane does where ${name}`, async () => {
    const origin = await startOrigin((response) => void response.end("ok"));
    const artifact = compiled(tree(origin.url, config, global));
    const balto = await start(artifact);
    const explainer = new Explainer(openArtifact(new Uint8Array(artifact)));
    for (const [line, ...fields] of requests) {
      const before = origin.requests.length;
      const named = fields.some((field) => /^host:/i.test(field))
        ? fields
        : ["Host: a.test", ...fields];
      const body = "x".repeat(Number(/^Content-Length: (\d+)$/.exec(fields.join("\n"))?.[1] ?? 0));
      const answer = await ask(balto.port, line, named, body);
      const seen = seenOf(answer, origin.requests[before]);
      const said = saidOf(explainer.explain(requestOf(line, named)));
      expect({ line, fields, ...said }).toEqual({ line, fields, ...seen });
    }
  });
}

function seenOf(answer: Answer, received: Received | undefined): Told {
  if (received === undefined) return { status: answer.status, allow: answer.field("allow") };
  const fields = FIELDS.map((name) => received.all(name).join(" | ") || undefined);
  return { status: 0, target: `${received.method} ${received.target}`, fields };
}

function saidOf({ status, allow, upstream }: Explanation): Told {
  if (upstream === null)
    return { status, allow: allow.length === 0 ? undefined : allow.join(", ") };
  const value = (name: string) => {
    const found = upstream.fields.filter((field) => field.name === name);
    // Bytes as the origin reads them.
    return (
      found.map((field) => Buffer.from(field.value).toString("latin1")).join(" | ") || undefined
    );
  };
  return { status, target: `${upstream.method} ${upstream.target}`, fields: FIELDS.map(value) };
}

function requestOf(line: string, fields: readonly string[]): Request {
  const [method = "", ...target] = line.split(" ");
  const pairs = fields.map((field) => {
    const colon = field.indexOf(":");
    return { name: field.slice(0, colon), value: field.slice(colon + 1).trim() };
  });
  return {
    method,
    scheme: "http",
    authority: pairs.find(({ name }) => name === "Host")!.value,
    target: target.join(" "),
    fields: pairs.filter(({ name }) => name !== "Host"),
    peer: "127.0.0.1",
  };
}
