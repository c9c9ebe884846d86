// Heads may come in any pieces: the same bytes mean the same, wherever they are cut.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep } from "../harness/until.ts";

/** Long enough for the first piece to be read by itself. */
const APART_MS = 150;

/** Fields that differ from request to request, or that Balto makes. */
const OF_BALTO = /^(?:host|x-forwarded-.*|x-request-id|traceparent)$/i;

const request = Buffer.from(
  "POST /a/%7Eb?c=d HTTP/1.1\r\nHost: a.test:80\r\nX-Empty:\r\nX-One: 1 \r\nTransfer-Encoding: chunked\r\n\r\n" +
    '5;ext="a"\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n',
);

test("a request split at every byte is the same request", async () => {
  const origin = await startOrigin((response, received, incoming) => {
    incoming.on("end", () => {
      const own = received.fields.filter(([name]) => !OF_BALTO.test(name));
      response.end(JSON.stringify([received.target, received.body.toString(), own]));
    });
  });
  const balto = await start(serving({ to: origin }));
  const expected = JSON.stringify([
    "/a/~b?c=d",
    "hello world",
    [
      ["X-Empty", ""],
      ["X-One", "1"],
      ["Transfer-Encoding", "chunked"],
    ],
  ]);
  const offsets = Array.from({ length: request.length - 1 }, (_, index) => index + 1);
  const clients = await Promise.all(offsets.map(() => Client.to(balto.port)));
  for (const [index, at] of offsets.entries()) clients[index]!.post(request.subarray(0, at));
  await sleep(APART_MS);
  for (const [index, at] of offsets.entries()) clients[index]!.post(request.subarray(at));
  for (const [index, client] of clients.entries()) {
    const answer = await client.answer();
    expect([answer.status, answer.text], `split at ${offsets[index]}`).toEqual([200, expected]);
  }
});

test("a request that comes byte by byte is the same request, twice over", async () => {
  const origin = await startOrigin((response, received, incoming) => {
    incoming.on("end", () => void response.end(received.body));
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  for (let round = 0; round < 2; round++) {
    for (const byte of request) {
      await client.send(Buffer.of(byte));
      await sleep(1);
    }
    expect(await client.answer()).toMatchObject({ status: 200, text: "hello world" });
  }
});

test("a bad request split at every byte is refused at every byte", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const bad = Buffer.from(
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
  );
  const offsets = Array.from({ length: bad.length - 1 }, (_, index) => index + 1);
  const clients = await Promise.all(offsets.map(() => Client.to(balto.port)));
  for (const [index, at] of offsets.entries()) clients[index]!.post(bad.subarray(0, at));
  await sleep(APART_MS);
  for (const [index, at] of offsets.entries()) clients[index]!.post(bad.subarray(at));
  for (const client of clients) expect((await client.answer()).status).toBe(400);
  expect(origin.requests).toEqual([]);
});

const answers: [name: string, bytes: string][] = [
  [
    "by length",
    "HTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 Fine\r\nX-Empty:\r\nContent-Length: 11\r\n\r\nhello world",
  ],
  [
    "in chunks",
    "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n06\r\n world\r\n0\r\nX-T: 1\r\n\r\n",
  ],
];

test.each(answers)("an answer %s split at every byte is the same answer", async (_, bytes) => {
  const origin = await startRawOrigin(async (peer) => {
    for (;;) {
      const { requestLine } = (await peer.request(60_000))!;
      const at = Number(/\/(\d+)/.exec(requestLine)![1]);
      peer.post(bytes.slice(0, at));
      await sleep(APART_MS);
      peer.post(bytes.slice(at));
    }
  });
  const balto = await start(serving({ to: origin }));
  const clients = await Promise.all(Array.from(bytes, () => Client.to(balto.port)));
  await Promise.all(
    clients.map(async (client, at) => {
      let answer = await client.ask(`GET /${at}`);
      if (answer.status === 103) answer = await client.answer();
      expect([answer.status, answer.reason, answer.text], `split at ${at}`).toEqual([
        200,
        "Fine",
        "hello world",
      ]);
    }),
  );
});
