// Request bodies: what comes in by length or in chunks leaves unambiguous; http-behaviour.md, "Bodies".

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

async function startEcho() {
  const origin = await startOrigin((response, received, request) => {
    request.on("end", () => void response.end(`${received.method} ${received.body.length}`));
  });
  return { origin, balto: await start(serving({ to: origin })) };
}

test("bodies by length and in chunks arrive whole, in their own framing", async () => {
  const { origin, balto } = await startEcho();
  const client = await Client.to(balto.port);
  const body = Buffer.alloc(300_000, "abcdefg");
  const chunk = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  const chunked = Buffer.concat([
    chunk(body.subarray(0, 1)),
    chunk(body.subarray(1, 70_000)),
    chunk(body.subarray(70_000)),
    Buffer.from("0\r\n\r\n"),
  ]);
  const methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"];
  for (const method of methods) {
    expect((await client.ask(`${method} /`, [], body)).text).toBe(`${method} 300000`);
    const answer = await client.ask(`${method} /`, ["Transfer-Encoding: chunked"], chunked);
    expect(answer.text).toBe(`${method} 300000`);
  }
  for (const [index, received] of origin.requests.entries()) {
    expect(received.body.equals(body)).toBe(true);
    const isChunked = index % 2 === 1;
    expect(received.field("content-length")).toBe(isChunked ? undefined : "300000");
    expect(received.field("transfer-encoding")).toBe(isChunked ? "chunked" : undefined);
  }
});

test("an empty body keeps its framing", async () => {
  const { origin, balto } = await startEcho();
  const client = await Client.to(balto.port);
  await client.ask("POST /", ["Content-Length: 0"]);
  await client.ask("POST /", ["Content-Length: 000"]);
  await client.ask("POST /");
  await client.ask("POST /", ["Transfer-Encoding: chunked"], "0\r\n\r\n");
  await client.ask("POST /", ["Content-Length: 005"], "hello");
  expect(
    origin.requests.map((received) => [
      received.field("content-length"),
      received.field("transfer-encoding"),
    ]),
  ).toEqual([
    ["0", undefined],
    ["0", undefined],
    [undefined, undefined],
    [undefined, "chunked"],
    ["5", undefined],
  ]);
});

test("chunk extensions and trailers are read and not forwarded", async () => {
  const bodies: string[] = [];
  const raw = await startRawOrigin(async (peer) => {
    // The harness reads no extension and no trailer: it would throw.
    bodies.push((await peer.request())!.body.toString());
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  const balto = await start(serving({ to: raw }));
  const client = await Client.to(balto.port);
  const body =
    '5;a\r\nhello\r\n006;a=b;c="d\\"e;"\r\n world\r\n0;z=1\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n';
  const answer = await client.ask("POST /", ["Transfer-Encoding: chunked", "Trailer: X-Sum"], body);
  expect(answer.status).toBe(200);
  expect(bodies).toEqual(["hello world"]);
});

test("a body whose chunks break the grammar is refused, and its backend sees no whole request", async () => {
  const { origin, balto } = await startEcho();
  const bad = [
    "\r\n",
    "g\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\na\r\n0\r\n\r\n",
    "1_0\r\n",
    " 1\r\na\r\n0\r\n\r\n",
    "1 \r\na\r\n0\r\n\r\n",
    "1\t\r\na\r\n0\r\n\r\n",
    "20000000000001\r\n",
    "fffffffffffffffff\r\n",
    "1\na\n0\n\n",
    "1\r\na\n0\r\n\r\n",
    "1\r\naX0\r\n\r\n",
    "1\r\nab\r\n0\r\n\r\n",
    "1;\r\na\r\n0\r\n\r\n",
    "1;a\nb\r\na\r\n0\r\n\r\n",
    '1;a="b\r\na\r\n0\r\n\r\n',
    "1;a=\0\r\na\r\n0\r\n\r\n",
    `1;${"a".repeat(9000)}\r\na\r\n0\r\n\r\n`,
    "0\r\nA B: 1\r\n\r\n",
    "0\r\nA : 1\r\n\r\n",
    "0\r\n: 1\r\n\r\n",
    "0\r\n A: 1\r\n\r\n",
    "0\r\nA: a\0\r\n\r\n",
    "0\r\nA: 1\n\r\n",
    `0\r\nA: ${"a".repeat(9000)}\r\n\r\n`,
    "0\r\n\n",
    "0\r\n\rX",
  ];
  for (const body of bad) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", ["Transfer-Encoding: chunked"], body));
    const answer = await client.answer();
    expect([answer.status, answer.field("connection")], JSON.stringify(body.slice(0, 40))).toEqual([
      400,
      "close",
    ]);
    expect((await client.rest()).bytes.length).toBe(0);
  }
  await sleep(100);
  expect(origin.requests.filter(({ isComplete }) => isComplete)).toEqual([]);
});

test("bytes behind a body are the next request and nobody else's", async () => {
  const { origin, balto } = await startEcho();
  const client = await Client.to(balto.port);
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
  await client.send(requestBytes("GET /1", ["Content-Length: 0"]), smuggled);
  expect((await client.answer()).status).toBe(200);
  expect((await client.answer()).status).toBe(200);
  await client.send(
    requestBytes("POST /2", ["Content-Length: 5"], `hello${smuggled}`),
    requestBytes("POST /3", ["Transfer-Encoding: chunked"], `0\r\n\r\n${smuggled}`),
  );
  for (let n = 0; n < 4; n++) expect((await client.answer()).status).toBe(200);
  expect(origin.requests.map(({ target }) => target)).toEqual(
    ["/1", "/2", "/3"].flatMap((target) => [target, "/smuggled"]),
  );
  expect(origin.requests.map(({ bodyBytes }) => bodyBytes)).toEqual([0, 0, 5, 0, 0, 0]);
});

test("bytes behind a request with Connection: close are ignored", async () => {
  const { origin, balto } = await startEcho();
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /1", ["Connection: close"]), requestBytes("GET /2"));
  const answer = await client.answer();
  expect([answer.status, answer.field("connection")]).toEqual([200, "close"]);
  expect((await client.rest()).bytes.length).toBe(0);
  expect(origin.requests.length).toBe(1);
});

test("Expect: 100-continue is passed on and the backend's 100 relayed", async () => {
  const origin = await startOrigin(async (response, received) => {
    await sleep(100);
    response.writeContinue();
    await until("the body", () => received.isComplete);
    response.end("got it");
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  for (let round = 0; round < 2; round++) {
    await client.send(requestBytes("POST /", ["Expect: 100-Continue", "Content-Length: 5"]));
    expect((await client.answer()).status).toBe(100);
    expect((await origin.request(round)).bodyBytes).toBe(0);
    await client.send("hello");
    expect(await client.answer()).toMatchObject({ status: 200, text: "got it" });
  }
  // One that does not wait is as welcome.
  await client.send(requestBytes("POST /", ["Expect: 100-continue"], "hello"));
  expect((await client.answer()).status).toBe(100);
  expect((await client.answer()).status).toBe(200);
  expect(origin.requests.map(({ bodyBytes }) => bodyBytes)).toEqual([5, 5, 5]);
});

test("a final answer in place of 100 closes the connection, as the body may or may not come", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    await peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    await peer.rest();
  });
  const balto = await start(serving([{ to: origin, pattern: "/there/*" }]));
  for (const [path, status] of [
    ["/there/x", 403],
    ["/nowhere", 404],
  ] as const) {
    const client = await Client.to(balto.port);
    const fields = ["Expect: 100-continue", "Content-Length: 50"];
    await client.send(requestBytes(`POST ${path}`, fields));
    const answer = await client.answer();
    expect([answer.status, answer.field("connection")]).toEqual([status, "close"]);
    expect((await client.rest()).bytes.length).toBe(0);
  }
});

test("an answer before the body's end is relayed; the rest is read, or the connection closed", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    await peer.rest();
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  // A short rest is read and passed over.
  for (let round = 0; round < 2; round++) {
    await client.send(requestBytes("POST /", ["Content-Length: 10000"], "x".repeat(100)));
    expect(await client.answer()).toMatchObject({ status: 413, text: "no" });
    await client.send("y".repeat(9_900));
  }
  expect(origin.peers.length, "no backend's connection is used again").toBe(2);
  // A long one is not: the connection ends, with the answer first.
  await client.send(requestBytes("POST /", ["Content-Length: 20000000"], "x".repeat(100)));
  expect(await client.answer()).toMatchObject({ status: 413, text: "no" });
  client.post(Buffer.alloc(19_999_900));
  expect((await client.rest()).bytes.length).toBe(0);
});

test("an answer while a backend has stopped reading the body does not hang the connection", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    peer.hold();
    await sleep(300);
    await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  });
  // No limit in time shall be what ends it.
  const limits = { readTimeoutMs: 60_000, writeTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
  const balto = await start(serving({ to: origin }, limits));
  const client = await Client.to(balto.port);
  client.post(requestBytes("POST /", ["Content-Length: 50000000"]));
  client.post(Buffer.alloc(50_000_000));
  expect(await client.answer()).toMatchObject({ status: 413, text: "no" });
  expect((await client.rest()).bytes.length).toBe(0);
});

test("a client that stops in the middle of its body gets 408, and its backend no whole request", async () => {
  const origin = await startOrigin(() => undefined);
  const balto = await start(serving({ to: origin }, { readTimeoutMs: 300 }));
  for (const fields of [["Content-Length: 50"], ["Transfer-Encoding: chunked"]]) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", fields, "5\r\nhel"));
    const answer = await client.answer();
    expect([answer.status, answer.text, answer.field("connection")]).toEqual([
      408,
      "request timeout\n",
      "close",
    ]);
  }
  expect(origin.requests.map(({ isComplete }) => isComplete)).toEqual([false, false]);
});

test("a slow body is no reason to give up while it goes on", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, { readTimeoutMs: 400 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Content-Length: 12"]));
  for (let byte = 0; byte < 12; byte++) {
    await client.send("x");
    await sleep(100);
  }
  expect((await client.answer()).status).toBe(200);
});

test("a connection whose long upload was answered early reads its next requests right", async () => {
  // The upload gave the connection a read buffer of its own; the next bodies wait for a new backend
  // connection, each as another part of the machinery.
  const origin = await startOrigin((response, received, request) => {
    if (received.target === "/early") response.end("early");
    else request.on("end", () => void response.end(`${received.target} ${String(received.body)}`));
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  for (let round = 0; round < 5; round++) {
    await client.send(requestBytes("POST /early", ["Content-Length: 100000"], "x".repeat(60_000)));
    expect(await client.answer()).toMatchObject({ text: "early" });
    await client.send("y".repeat(40_000));
    await sleep(20);
    for (const word of ["one", "two", "three"]) {
      const answer = await client.ask(`POST /${word}`, [], word);
      expect([answer.status, answer.text]).toEqual([200, `/${word} ${word}`]);
    }
    expect(await client.ask("GET /")).toMatchObject({ status: 200, text: "/ " });
  }
});
