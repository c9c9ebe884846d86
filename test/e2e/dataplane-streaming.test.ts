// Bodies flow as they come, both ways, and never faster than the other side takes them.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { Pump } from "../harness/pump.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { until } from "../harness/until.ts";

/** More than all buffers on the way hold together, the system's among them. */
const LARGE = 64 * 1024 * 1024;
/** What Balto may hold on to of it. */
const HELD_MAX = 25 * 1024 * 1024;

test.each([
  ["by length", `Content-Length: ${LARGE}`],
  ["until the connection ends", "Connection: close"],
])("a client that does not read stops its backend, answer %s", async (_, field) => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }, { writeTimeoutMs: 20_000 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  const peer = await origin.peer(0);
  await peer.request();
  await peer.send(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n`);
  const head = await client.head();
  client.hold();
  const before = balto.memoryBytes();
  const pump = new Pump(peer, LARGE);
  expect(await pump.stalls()).toBeLessThan(LARGE);

  // Reading on, it gets every byte.
  client.release();
  void pump.done.then(() => peer.end());
  let bytes = 0;
  for await (const chunk of client.body(head)) bytes += chunk.length;
  expect(bytes).toBe(LARGE);
  expect(balto.peakMemoryBytes() - before).toBeLessThan(HELD_MAX);
});

test.each([
  ["by length", `Content-Length: ${LARGE}`, "", ""],
  ["in chunks", "Transfer-Encoding: chunked", `${LARGE.toString(16)}\r\n`, "\r\n0\r\n\r\n"],
])("a backend that does not read stops its client, body %s", async (_, field, opening, closing) => {
  const bytes: number[] = [];
  const origin = await startRawOrigin(async (peer) => {
    peer.hold();
    const request = await peer.request();
    bytes.push(request!.body.length);
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const balto = await start(serving({ to: origin }, { readTimeoutMs: 20_000 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", [field]), opening);
  const peer = await origin.peer(0);
  const before = balto.memoryBytes();
  const pump = new Pump(client, LARGE);
  expect(await pump.stalls()).toBeLessThan(LARGE);

  peer.release();
  await pump.done;
  await client.send(closing);
  expect((await client.answer()).status).toBe(200);
  expect(bytes).toEqual([LARGE]);
  expect(balto.peakMemoryBytes() - before).toBeLessThan(HELD_MAX);
});

test("each piece of an answer reaches the client when it is sent, not when there is more", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  const peer = await origin.peer(0);
  await peer.request();
  await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const head = await client.head();
  const body = client.body(head);
  for (const word of ["one", "two", "three"]) {
    await peer.send(`${word.length}\r\n${word}\r\n`);
    expect((await body.next()).value?.toString()).toBe(word);
  }
  await peer.send("0\r\n\r\n");
  expect((await body.next()).done).toBe(true);
});

test("each piece of a request's body reaches the backend when it is sent", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Transfer-Encoding: chunked"]));
  const received = await origin.request(0);
  for (let bytes = 1; bytes <= 3; bytes++) {
    await client.send("1\r\nx\r\n");
    await until(`byte ${bytes}`, () => received.bodyBytes === bytes);
  }
  await client.send("0\r\n\r\n");
  expect((await client.answer()).status).toBe(200);
});

test("a conversation: request and answer bodies flow at the same time", async () => {
  const origin = await startOrigin((response, _, request) => {
    response.writeHead(200);
    request.pipe(response);
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Transfer-Encoding: chunked"]));
  await client.send("5\r\nfirst\r\n");
  const head = await client.head();
  const body = client.body(head);
  expect((await body.next()).value?.toString()).toBe("first");
  for (const word of ["again", "other", "words"]) {
    await client.send(`5\r\n${word}\r\n`);
    expect((await body.next()).value?.toString()).toBe(word);
  }
  await client.send("0\r\n\r\n");
  expect((await body.next()).done).toBe(true);
  expect((await client.ask("GET /")).status).toBe(200);
});

test("many large bodies at once stay apart, byte for byte", async () => {
  const origin = await startOrigin((response, received, request) => {
    request.on("end", () => void response.end(received.body));
  });
  const balto = await start(serving({ to: origin }), { workers: 2 });
  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const client = await Client.to(balto.port);
      for (let round = 0; round < 4; round++) {
        const body = Buffer.alloc(400_000 + index * 1000 + round, `${index}-${round} `);
        const answer = await client.ask("POST /", [], body);
        expect(answer.body.equals(body)).toBe(true);
      }
    }),
  );
});
