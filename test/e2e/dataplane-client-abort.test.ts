// Clients that go away: whatever they leave behind is ended at the backend, and nothing is kept.
// (Every test ends with the data plane holding no connection; see harness/data-plane.ts.)

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { Pump } from "../harness/pump.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const LARGE = 64 * 1024 * 1024;
/** An abort must reach the backend within so long. */
const SOON_MS = 3_000;

const aborts: [name: string, abort: (client: Client) => void][] = [
  ["with a reset", (client) => client.reset()],
  ["by closing", (client) => client.close()],
];

test.each(aborts)(
  "a client that leaves %s before its answer cancels the request",
  async (_, abort) => {
    const origin = await startOrigin(() => undefined);
    const balto = await start(serving({ to: origin }));
    const client = await Client.to(balto.port);
    await client.send(requestBytes("GET /"));
    const received = await origin.request(0);
    abort(client);
    await until("the abort at the backend", () => received.isAborted, SOON_MS);
    await until("no connection left", () => balto.connections() === 0, SOON_MS);
  },
);

test.each(aborts)(
  "a client that leaves %s in its upload ends the backend's connection",
  async (_, abort) => {
    const origin = await startOrigin();
    const balto = await start(serving({ to: origin }));
    for (const fields of [["Content-Length: 1000000"], ["Transfer-Encoding: chunked"]]) {
      const count = origin.requests.length;
      const client = await Client.to(balto.port);
      await client.send(requestBytes("POST /", fields, "5\r\nhello\r\n"));
      const received = await origin.request(count);
      await until("some of the body", () => received.bodyBytes > 0);
      abort(client);
      await until("the abort at the backend", () => received.isAborted, SOON_MS);
      expect(received.isComplete).toBe(false);
    }
    expect(origin.connections, "a broken connection is never used again").toBe(2);
  },
);

test.each(aborts)(
  "a client that leaves %s in its download ends the backend's connection",
  async (_, abort) => {
    const origin = await startRawOrigin();
    const balto = await start(serving({ to: origin }));
    const client = await Client.to(balto.port);
    await client.send(requestBytes("GET /"));
    const peer = await origin.peer(0);
    await peer.request();
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
    await client.head();
    const pump = new Pump(peer, LARGE);
    await client.read();
    abort(client);
    await until("an end at the backend", () => peer.ending !== undefined, SOON_MS);
    await pump.done;
  },
);

test.each(aborts)(
  "a client that leaves %s while it is made to wait for its backend is noticed",
  async (_, abort) => {
    const origin = await startRawOrigin((peer) => peer.hold());
    // No limit of the backend's side comes in between.
    const balto = await start(
      serving({ to: origin, timeouts: { writeMs: 60_000 } }, { readTimeoutMs: 60_000 }),
    );
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", [`Content-Length: ${LARGE}`]));
    const pump = new Pump(client, LARGE);
    await pump.stalls();
    abort(client);
    await until("no connection left", () => balto.connections() === 0, 8_000);
    await pump.done;
  },
);

test("a client that leaves while it is made to wait is noticed over TLS, too", async () => {
  const { cert, certFile, keyFile } = makeCertificate("localhost");
  const origin = await startRawOrigin((peer) => peer.hold());
  const balto = await start(
    serving(
      { to: origin, timeouts: { writeMs: 60_000 } },
      { readTimeoutMs: 60_000, tls: { enabled: true, certFile, keyFile } },
    ),
  );
  const client = await Client.overTls(balto.port, { ca: cert, servername: "localhost" });
  await client.send(requestBytes("POST /", [`Content-Length: ${LARGE}`]));
  const pump = new Pump(client, LARGE);
  await pump.stalls();
  client.close();
  await until("no connection left", () => balto.connections() === 0, 8_000);
  await pump.done;
});

test("a client that waits for its backend for long, and stays, loses nothing", async () => {
  const bytes: number[] = [];
  const origin = await startRawOrigin(async (peer) => {
    peer.hold();
    const request = await peer.request(60_000);
    bytes.push(request!.body.length);
    await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", [`Content-Length: ${LARGE}`]));
  const pump = new Pump(client, LARGE);
  // Until it has been looked after: the answer's first byte is ahead of it.
  await until("a first byte", () => client.bytesReceived > 0, 20_000);
  (await origin.peer(0)).release();
  await pump.done;
  expect(await client.answer({ withinMs: 30_000 })).toMatchObject({ status: 200, text: "fine" });
  expect(bytes).toEqual([LARGE]);
});

test("a client that leaves without reading its long answer is noticed", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }, { writeTimeoutMs: 60_000 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  const peer = await origin.peer(0);
  await peer.request();
  client.hold();
  await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
  const pump = new Pump(peer, LARGE);
  await pump.stalls();
  client.reset();
  await until("no connection left", () => balto.connections() === 0, SOON_MS);
  await pump.done;
});

test("a client that has closed its half still gets its answer", async () => {
  const origin = await startOrigin(async (response, received) => {
    await until("the request", () => received.isComplete);
    await sleep(700);
    response.end("late but whole");
  });
  const balto = await start(serving({ to: origin }));
  for (const [line, body] of [
    ["GET /", ""],
    ["POST /", "hello"],
    ["GET / HTTP/1.0", ""],
  ] as const) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes(line, [], body));
    client.end();
    expect(await client.answer()).toMatchObject({ status: 200, text: "late but whole" });
    expect(await client.rest()).toMatchObject({ ending: "fin", bytes: Buffer.alloc(0) });
  }
});

test("a client that has closed its half gets interim answers and errors whole, too", async () => {
  const origin = await startRawOrigin(async (peer) => {
    const request = await peer.request();
    await sleep(600);
    if (request!.requestLine.includes("hints")) {
      await peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      await sleep(600);
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    }
    peer.end();
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /hints"));
  client.end();
  expect((await client.answer()).status).toBe(103);
  expect(await client.answer()).toMatchObject({ status: 200, text: "hi" });
  const other = await Client.to(balto.port);
  await other.send(requestBytes("GET /error"));
  other.end();
  expect((await other.answer()).status).toBe(502);
});

test("a client that has closed its half and pipelined gets all its answers", async () => {
  const origin = await startOrigin(async (response, { target }) => {
    await sleep(100);
    response.end(target);
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(Buffer.concat(["/1", "/2", "/3"].map((path) => requestBytes(`GET ${path}`))));
  client.end();
  const texts: string[] = [];
  for (let n = 0; n < 3; n++) texts.push((await client.answer()).text);
  expect(texts).toEqual(["/1", "/2", "/3"]);
  expect((await client.rest()).ending).toBe("fin");
});

test("a hundred clients that leave at once leave nothing, and others are served on", async () => {
  const origin = await startOrigin((response, { target }) => {
    if (target === "/fine") response.end("fine");
  });
  const balto = await start(serving({ to: origin }), { workers: 2 });
  const clients = await Promise.all(Array.from({ length: 100 }, () => Client.to(balto.port)));
  for (const client of clients) client.post(requestBytes("GET /hang"));
  await until("all at the backend", () => origin.requests.length === 100);
  for (const [index, client] of clients.entries()) {
    if (index % 2 === 0) client.reset();
    else client.close();
  }
  await until("no connection left", () => balto.connections() === 0, SOON_MS);
  const after = await Client.to(balto.port);
  expect(await after.ask("GET /fine")).toMatchObject({ text: "fine" });
});

test("a client that sends half a head and leaves, leaves nothing", async () => {
  const balto = await start(serving({ to: "http://127.0.0.1:9" }));
  for (const leave of [(one: Client) => one.reset(), (one: Client) => one.end()]) {
    const client = await Client.to(balto.port);
    await client.send("GET / HTTP/1.1\r\nHo");
    leave(client);
    await until("no connection left", () => balto.connections() === 0, SOON_MS);
  }
});
