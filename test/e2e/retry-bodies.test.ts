// Bodies of requests that are sent again: whole or not at all.

import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { answers, inOrder, resets, RETRY_ALL, startBadBackend } from "../harness/bad-backends.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { Pump } from "../harness/pump.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const KEPT_MAX = 65_536;
const unsafe = { ...RETRY_ALL, unsafe: true };

/** A body in chunks of all sizes. */
function chunked(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7 + 3) % 9_001) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)};x=y\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

test.each([1, 100, 16_384, 16_385, 40_000, KEPT_MAX])(
  "a body of %i bytes arrives whole at the second backend, in both framings",
  async (size) => {
    const bad = await startBadBackend(resets);
    const good = await startOrigin();
    const balto = await start(serving({ to: inOrder(bad, good), retry: unsafe }));
    const client = await Client.to(balto.port);
    const body = randomBytes(size);
    expect((await client.ask("POST /", [], body)).status).toBe(200);
    const fields = ["Transfer-Encoding: chunked"];
    expect((await client.ask("POST /", fields, chunked(body))).status).toBe(200);
    for (const index of [0, 1]) {
      const received = await good.complete(index);
      expect(received.body.equals(body)).toBe(true);
      expect(bad.requests[index]!.body.equals(body)).toBe(true);
      expect(received.field("content-length")).toBe(index === 0 ? String(size) : undefined);
    }
  },
);

test("a body that comes in pieces, before and behind the failure, arrives whole", async () => {
  const body = randomBytes(30_000);
  for (const fields of [[`Content-Length: ${body.length}`], ["Transfer-Encoding: chunked"]]) {
    const framed = fields[0]!.startsWith("T") ? chunked(body) : body;
    // The first backend goes when it has seen some of the body.
    const bad = await startRawOrigin(async (peer) => {
      let bytes = 0;
      while (bytes < 5_000) bytes += (await peer.read())!.length;
      peer.reset();
    });
    const good = await startOrigin();
    const balto = await start(serving({ to: inOrder(bad, good), retry: unsafe }));
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", fields));
    await client.send(framed.subarray(0, 10_000));
    const received = await good.request(0);
    await until("what was sent so far", () => received.bodyBytes > 5_000);
    for (let at = 10_000; at < framed.length; at += 5_000) {
      await client.send(framed.subarray(at, at + 5_000));
      await sleep(10);
    }
    expect((await client.answer()).status).toBe(200);
    expect(received.body.equals(body)).toBe(true);
  }
});

test("a body that is longer than what is kept is not sent again", async () => {
  const bad = await startBadBackend(resets);
  const good = await startOrigin();
  const balto = await start(serving({ to: inOrder(bad, good), retry: unsafe }));
  const client = await Client.to(balto.port);
  const body = randomBytes(KEPT_MAX + 1);
  expect((await client.ask("POST /", [], body)).status).toBe(502);
  expect((await client.ask("PUT /", [], body)).status).toBe(502);
  const fields = ["Transfer-Encoding: chunked"];
  expect((await client.ask("POST /", fields, chunked(body))).status).toBe(502);
  expect(good.requests.length).toBe(0);
  expect(bad.requests.map(({ body: { length } }) => length)).toEqual(Array(3).fill(KEPT_MAX + 1));
});

test("what is kept is a setting", async () => {
  const bad = await startBadBackend(answers(503));
  const good = await startOrigin(undefined, { dropsBodies: true });
  const retry = { ...unsafe, bufferBytes: 4 * 1024 * 1024 };
  const balto = await start(
    serving([
      { to: inOrder(bad, good), retry, domains: ["much.test"] },
      { to: inOrder(bad, good), retry: { ...retry, bufferBytes: 0 }, domains: ["none.test"] },
    ]),
  );
  const body = randomBytes(4 * 1024 * 1024);
  expect((await ask(balto.port, "POST /", ["Host: much.test"], body)).status).toBe(200);
  const received = await good.complete(0);
  expect([received.bodyBytes, received.bodyCrc]).toEqual([body.length, crc32(body)]);
  expect((await ask(balto.port, "POST /", ["Host: none.test"], "x")).status).toBe(503);
  expect((await ask(balto.port, "POST /", ["Host: none.test"])).status).toBe(200);
});

test("a backend that is slow to take what it is sent again is not overrun, and gets all of it", async () => {
  const bad = await startBadBackend(resets);
  let release: () => void = () => undefined;
  const bytes: number[] = [];
  const slow = await startRawOrigin(async (peer) => {
    peer.hold();
    release = () => peer.release();
    const request = await peer.request();
    bytes.push(request!.body.length);
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const size = 16 * 1024 * 1024;
  const retry = { ...unsafe, bufferBytes: size };
  const balto = await start(
    serving({ to: inOrder(bad, slow), retry }, { readTimeoutMs: 20_000, writeTimeoutMs: 20_000 }),
  );
  const client = await Client.to(balto.port);
  await client.send(requestBytes("PUT /", [`Content-Length: ${size}`]));
  const pump = new Pump(client, size);
  await slow.peer(0);
  await sleep(200);
  release();
  await pump.done;
  expect((await client.answer()).status).toBe(200);
  expect(bytes).toEqual([size]);
});

test("a client that waits for a 100 gets one, and its body is sent again like any other", async () => {
  const body = "the body that was waited for";
  const bad = await startRawOrigin(async (peer) => {
    const head = await peer.read();
    expect(head!.toString()).toContain("Expect: 100-continue");
    await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    await peer.read();
    peer.reset();
  });
  const good = await startOrigin((response, _, request) => {
    response.writeContinue();
    request.on("end", () => response.end("ok"));
  });
  const balto = await start(serving({ to: inOrder(bad, good), retry: unsafe }));
  const client = await Client.to(balto.port);
  const fields = [`Content-Length: ${body.length}`, "Expect: 100-continue"];
  await client.send(requestBytes("POST /", fields));
  expect((await client.head()).status).toBe(100);
  await client.send(body);
  // One 100 is enough.
  expect((await client.answer()).status).toBe(200);
  expect((await good.complete(0)).body.toString()).toBe(body);
});

test("a client that leaves while its request waits to be sent again leaves nothing", async () => {
  const bad = await startBadBackend(resets);
  const good = await startOrigin();
  const backoff = { initialMs: 60_000, maxMs: 60_000, multiplierPercent: 100, jitterPercent: 0 };
  const balto = await start(serving({ to: inOrder(bad, good), retry: { ...unsafe, backoff } }));
  for (const [leave, fields] of [
    [(client: Client) => client.reset(), []],
    [(client: Client) => client.close(), []],
    [(client: Client) => client.reset(), ["Content-Length: 100000"]],
  ] as const) {
    const before = bad.requests.length;
    const client = await Client.to(balto.port);
    await client.send(requestBytes("PUT /", fields, "half"));
    if (fields.length === 0) await until("the failure", () => bad.requests.length > before);
    else await sleep(300);
    leave(client);
    await until("no connection left", () => balto.connections() === 0);
  }
  expect(good.requests.length).toBe(0);
});
