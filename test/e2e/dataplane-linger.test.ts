// Answers that come before their request's end: the client gets them, however it goes on sending.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { Pump } from "../harness/pump.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const LENGTH = 20 * 1024 * 1024;
const FIELDS = [`Content-Length: ${LENGTH}`];

/** Sends all of a long body before it reads a byte, as simple clients do, and then reads. */
async function sendsFirst(port: number, line = "POST /"): Promise<Client> {
  const client = await Client.to(port);
  client.hold();
  await client.send(requestBytes(line, FIELDS));
  const pump = new Pump(client, LENGTH);
  await pump.done;
  expect(pump.sent).toBe(LENGTH);
  client.release();
  return client;
}

test("a client that sends all of its body first gets the 413 that came meanwhile", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, bodyBytesMax: 1_000 }));
  const client = await sendsFirst(balto.port);
  expect(await client.answer()).toMatchObject({ status: 413, text: "content too large\n" });
  expect((await client.rest()).bytes.length).toBe(0);
  expect(origin.requests.length).toBe(0);
});

test("and so it does with a backend's own early answer, and one for want of a backend", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    await peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  });
  const balto = await start(
    serving([
      { to: origin, domains: ["balto.test"], pattern: "/early" },
      { to: [], domains: ["balto.test"], pattern: "/none" },
    ]),
  );
  const early = await sendsFirst(balto.port, "POST /early");
  expect(await early.answer()).toMatchObject({ status: 403, text: "no" });
  const none = await sendsFirst(balto.port, "POST /none");
  expect((await none.answer()).status).toBe(503);
});

test("a connection is kept whose client goes on sending a body of a known length", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  const length = 8 * 1024 * 1024;
  for (let n = 0; n < 3; n++) {
    await client.send(requestBytes("POST /", [`Content-Length: ${length}`]));
    const pump = new Pump(client, length);
    expect(await client.answer()).toMatchObject({ status: 200, text: "no" });
    await pump.done;
    expect(pump.sent).toBe(length);
  }
  expect(client.ending).toBeUndefined();
});

test("a client that never stops sending is cut off all the same", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, bodyBytesMax: 1_000 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Content-Length: 99999999999"]));
  const pump = new Pump(client, 99_999_999_999);
  expect((await client.answer()).status).toBe(413);
  await until("no connection left", () => balto.connections() === 0);
  await pump.done;
});

test.each([1_000, 300_000])(
  "a client that dawdles with a body that nobody wants, behind %i bytes of it, is cut off",
  async (sent) => {
    const origin = await startOrigin();
    const balto = await start(serving({ to: origin, bodyBytesMax: 100 }));
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", FIELDS, "x".repeat(sent)));
    expect((await client.answer()).status).toBe(413);
    const startedAt = performance.now();
    const dawdle = setInterval(() => client.post("x"), 100);
    await until("no connection left", () => balto.connections() === 0, 20_000);
    clearInterval(dawdle);
    // Five seconds for the rest, and where that is too long to come, five until the end is certain.
    expect(performance.now() - startedAt).toBeGreaterThan(sent === 1_000 ? 9_000 : 4_000);
  },
);

test("where the end of a body that nobody wants comes too late, the connection is closed soon", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, bodyBytesMax: 100 }, { idleTimeoutMs: 120_000 }));
  const client = await Client.to(balto.port);
  const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;
  await client.send(requestBytes("POST /", ["Transfer-Encoding: chunked"], chunk(200)));
  expect((await client.answer()).status).toBe(413);
  await client.send(chunk(60_000));
  // So that the rest is a read of its own.
  await sleep(300);
  await client.send(`${chunk(8_000)}0\r\n\r\n`);
  expect((await client.rest()).ending).toBe("fin");
  await until("no connection left", () => balto.connections() === 0, 20_000);
});
