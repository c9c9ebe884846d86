// What a data plane passes on to the process that writes the tree, and what it does without one.

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { temporaryFolder } from "../harness/artifact.ts";
import { type Answer, ask } from "../harness/client.ts";
import { ADMIN_TOKEN } from "../harness/data-plane.ts";
import { askAt } from "../harness/socket-client.ts";
import { json, LOCAL, startWith, TOKEN } from "./admin-plane.ts";

/** A writer, as a data plane sees it: it says what it was asked. */
async function startWriter(path: string) {
  const asked: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += String(part)));
    request.on("end", () => {
      asked.push({ request, body });
      const answer = { method: request.method, url: request.url };
      response.writeHead(request.method === "POST" ? 201 : 200, {
        "Content-Type": "application/json",
        ETag: '"from-the-writer"',
        Location: "/balto/services/x",
      });
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(path);
  await once(server, "listening");
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { asked, close };
}

test("what the writer knows is asked of the writer, with the word of who asks", async () => {
  const path = join(temporaryFolder(), "control.sock");
  const { balto } = await startWith({}, [`--control-socket=${path}`]);
  const writer = await startWriter(path);
  const call = (line: string, fields: readonly string[], body = ""): Promise<Answer> =>
    ask(balto.port, line, fields, body);
  const created = await call(
    "POST /balto/services?dry_run=true",
    [
      TOKEN,
      "Content-Type: application/json",
      'If-Match: "x"',
      "Balto-Author: A <a@b.test>",
      "Balto-Actor: socket",
      "Balto-Client: 6.6.6.6",
      "Cookie: secret=1",
      "X-Param-Balto-Peer: 6.6.6.6",
    ],
    '{"domain":"a.test"}',
  );
  expect([created.status, created.field("location"), created.field("etag")]).toEqual([
    201,
    "/balto/services/x",
    '"from-the-writer"',
  ]);
  const { request, body } = writer.asked[0]!;
  expect([request.method, request.url, body]).toEqual([
    "POST",
    "/balto/services?dry_run=true",
    '{"domain":"a.test"}',
  ]);
  expect(request.headers).toMatchObject({
    "balto-actor": "token",
    "balto-client": "127.0.0.1",
    "balto-author": "A <a@b.test>",
    "content-type": "application/json",
    "if-match": '"x"',
    "x-request-id": created.field("x-request-id"),
  });
  for (const name of ["authorization", "cookie", "x-param-balto-peer", "x-param-balto-secret"])
    expect(request.headers[name]).toBeUndefined();

  await call("GET /balto/services/a.test-%2Fx%2F*", [LOCAL]);
  expect(writer.asked[1]!.request.url).toBe("/balto/services/a.test-%2Fx%2F*");
  expect(writer.asked[1]!.request.headers["balto-actor"]).toBe("loopback");
  for (const line of ["POST /balto/check", "POST /balto/explain", "GET /balto/openapi.json"])
    await call(line, [TOKEN]);
  expect(writer.asked.slice(2).map(({ request: { url } }) => url)).toEqual([
    "/balto/check",
    "/balto/explain",
    "/balto/openapi.json",
  ]);
  expect((await call("DELETE /balto/services/x", [LOCAL])).status).toBe(401);
  const long = await call("POST /balto/services", [TOKEN], "x".repeat(1024 * 1024 + 1));
  expect([long.status, json(long)]).toEqual([413, { error: "content too large" }]);
  expect(writer.asked).toHaveLength(5);
});

test("while the writer does not answer reading goes on, and writing is refused for now", async () => {
  const path = join(temporaryFolder(), "control.sock");
  const { balto } = await startWith({}, [`--control-socket=${path}`]);
  const read = await ask(balto.port, "GET /balto/services", [LOCAL]);
  expect(json(read)).toMatchObject([{ name: "service-0" }]);
  const write = await ask(balto.port, "DELETE /balto/services/x", [TOKEN]);
  expect([write.status, write.field("retry-after"), json(write)]).toEqual([
    503,
    "1",
    { error: "the control process does not answer" },
  ]);
  await startWriter(path);
  const later = await ask(balto.port, "GET /balto/services", [LOCAL]);
  expect(json(later)).toEqual({ method: "GET", url: "/balto/services" });
});

test("without a writer it says how to have one", async () => {
  const { balto } = await startWith({});
  const write = await ask(balto.port, "POST /balto/services", [TOKEN], "{}");
  expect([write.status, write.field("allow")]).toEqual([405, "GET, HEAD"]);
  expect(write.text).toMatch(/balto run.*admin\.writer_url/);
  expect((await ask(balto.port, "POST /balto/services", [], "{}")).status).toBe(401);
});

test("a writer elsewhere is asked with the client's own token", async () => {
  const path = join(temporaryFolder(), "control.sock");
  const writer = await startWriter(path);
  const remote = createServer((request, response) => {
    void askAt(`unix:${path}`, request.url!, {
      method: request.method!,
      fields: { authorization: request.headers.authorization ?? "" },
    }).then(({ text }) => response.end(text));
  }).listen(0, "127.0.0.1");
  await once(remote, "listening");
  onTestFinished(() => void remote.close());
  const { port } = remote.address() as { port: number };
  const { balto } = await startWith({ writerUrl: `http://127.0.0.1:${port}/base/` });
  await ask(balto.port, "PATCH /balto/services/x", [TOKEN]);
  const { request } = writer.asked[0]!;
  expect([request.method, request.url]).toEqual(["PATCH", "/base/balto/services/x"]);
  expect(request.headers.authorization).toBe(`Bearer ${ADMIN_TOKEN}`);
  const read = await ask(balto.port, "GET /balto/services", [LOCAL]);
  expect(json(read)).toMatchObject([{ name: "service-0" }]);
  expect(writer.asked).toHaveLength(1);
});
