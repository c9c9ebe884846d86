// Several requests on one connection: answered in order, each once, whatever their pieces.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

/** What one client may cost: garbage of some thousand requests; stored ones would go far beyond. */
const MEMORY_MAX = 120 * 1024 * 1024;

test("pipelined requests are answered in order although later ones would be quicker", async () => {
  const origin = await startOrigin(async (response, { target }) => {
    await sleep(target === "/0" ? 200 : 0);
    response.end(target);
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  const paths = Array.from({ length: 30 }, (_, index) => `/${index}`);
  await client.send(Buffer.concat(paths.map((path) => requestBytes(`GET ${path}`))));
  const texts: string[] = [];
  for (const _ of paths) texts.push((await client.answer()).text);
  expect(texts).toEqual(paths);
  expect(origin.requests.map(({ target }) => target)).toEqual(paths);
});

test("bodies, own answers and heads may be pipelined in any mixture", async () => {
  const origin = await startOrigin((response, received, request) => {
    request.on("end", () => void response.end(`${received.target}:${received.bodyBytes}`));
  });
  const balto = await start(serving({ pattern: "/x/*", to: origin, stripPrefix: false }));
  const client = await Client.to(balto.port);
  const round = [
    requestBytes("POST /x/a", [], "y".repeat(70_000)),
    requestBytes("GET /nowhere"),
    requestBytes("POST /x/b", ["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n"),
    requestBytes("POST /nowhere", [], "z".repeat(5_000)),
    Buffer.from("\r\n"),
    requestBytes("HEAD /x/c"),
    requestBytes("GET /health"),
  ];
  const rounds = 5;
  client.post(Buffer.concat(Array.from({ length: rounds }, () => round).flat()));
  for (let n = 0; n < rounds; n++) {
    expect((await client.answer()).text).toBe("/x/a:70000");
    expect((await client.answer()).status).toBe(404);
    expect((await client.answer()).text).toBe("/x/b:3");
    expect((await client.answer()).status).toBe(404);
    expect(await client.answer({ method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect((await client.answer()).text).toBe('{"status":"ok"}');
  }
});

test("requests behind a bad one are not read; the answers in front of it come first", async () => {
  const origin = await startOrigin(async (response, { target }) => {
    await sleep(50);
    response.end(target);
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  const bad = "GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n";
  await client.send(
    Buffer.concat([requestBytes("GET /1"), Buffer.from(bad), requestBytes("GET /2")]),
  );
  expect((await client.answer()).text).toBe("/1");
  expect((await client.answer()).status).toBe(400);
  expect((await client.rest()).bytes.length).toBe(0);
  expect(origin.requests.map(({ target }) => target)).toEqual(["/1"]);
});

test("a client that pipelines without end and reads nothing is made to wait, not stored", async () => {
  const origin = await startOrigin((response) => void response.end("x".repeat(1000)));
  const balto = await start(serving({ to: origin }, { writeTimeoutMs: 60_000 }));
  for (const path of ["/health", "/proxied", "/health"]) {
    const client = await Client.to(balto.port);
    client.hold();
    const before = balto.memoryBytes();
    const requests = Buffer.concat(
      Array.from({ length: 2_000 }, () => requestBytes(`GET ${path}`)),
    );
    let isBlocked = false;
    for (let n = 0; n < 1_000 && !isBlocked; n++) {
      const taken = new Promise<boolean>((resolve) => {
        client.socket.write(requests, () => resolve(true));
      });
      isBlocked = !(await Promise.race([taken, sleep(2_000).then(() => false)]));
      if (balto.memoryBytes() - before > MEMORY_MAX) break;
    }
    expect(balto.memoryBytes() - before, path).toBeLessThan(MEMORY_MAX);
    expect(isBlocked, path).toBe(true);
    client.close();
    await until("its end", () => balto.connections() <= 1);
  }
});
