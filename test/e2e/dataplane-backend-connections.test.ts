// Connections to backends: kept, used again, and given up at the right moment.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { type OriginPeer, startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async function answerAll(peer: OriginPeer): Promise<void> {
  while ((await peer.request(60_000)) !== undefined) await peer.send(OK);
}

test("one connection serves one request after the other, of any client and method", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  for (let round = 0; round < 5; round++) {
    expect((await ask(balto.port, "GET /")).status).toBe(200);
    expect((await ask(balto.port, "POST /", [], "hello")).status).toBe(200);
    expect((await ask(balto.port, "HEAD /")).status).toBe(200);
  }
  expect(origin.connections).toBe(1);
});

test("requests at the same time take connections of their own, which are kept", async () => {
  const origin = await startOrigin(async (response) => {
    await sleep(100);
    response.end("ok");
  });
  const balto = await start(serving({ to: origin }));
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 6 }, () => ask(balto.port, "GET /")));
  }
  expect(origin.connections).toBe(6);
});

test("a connection that the backend closes while it waits is not used again", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send(OK);
    peer.end();
  });
  const balto = await start(serving({ to: origin }));
  for (let round = 0; round < 5; round++) {
    expect((await ask(balto.port, "POST /")).status).toBe(200);
    await until("the connection closed", () => balto.connections() === 0);
  }
  expect(origin.peers.length).toBe(5);
});

test("a kept connection that breaks under a request is made up for once, if the request may be repeated", async () => {
  // Every connection answers once, then breaks as soon as it gets something.
  const seen: string[] = [];
  const origin = await startRawOrigin(async (peer) => {
    seen.push((await peer.request())!.requestLine.split(" ", 1)[0]!);
    await peer.send(OK);
    await peer.read();
    if (peer.index % 2 === 0) peer.reset();
    else peer.close();
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  expect((await client.ask("POST /")).status).toBe(200);
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "GET"]) {
    expect((await client.ask(`${method} /`)).status, method).toBe(200);
  }
  expect((await client.ask("PUT /", [], "body")).status).toBe(200);
  // A POST may have had its effect, and a longer body is not kept.
  expect((await client.ask("POST /")).status).toBe(502);
  expect((await client.ask("POST /")).status).toBe(200);
  expect((await client.ask("PUT /", [], "x".repeat(65_537))).status).toBe(502);
  expect((await client.ask("GET /")).status).toBe(200);
  const methods = ["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "GET", "PUT", "POST", "GET"];
  expect(seen).toEqual(methods);
});

test("a new connection that breaks is not made up for: 502, and once only", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    peer.close();
  });
  const balto = await start(serving({ to: origin }));
  expect((await ask(balto.port, "GET /")).status).toBe(502);
  expect(origin.peers.length).toBe(1);
});

test("a request is not repeated once a byte of its answer has come", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send(OK);
    await peer.request();
    await peer.send("HTTP/1.1 2");
    peer.end();
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  expect((await client.ask("GET /")).status).toBe(200);
  expect((await client.ask("GET /")).status).toBe(502);
  expect(origin.peers.length).toBe(1);
});

test("bytes on a waiting connection end it and reach no client", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send(OK);
    if (peer.index > 0) return;
    await sleep(200);
    await peer.send("HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nevil");
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  expect((await client.ask("GET /")).text).toBe("ok");
  await (await origin.peer(0)).rest();
  expect((await client.ask("GET /")).text).toBe("ok");
  expect(origin.peers.length).toBe(2);
});

test("a waiting connection is closed after a while, sooner where the backend says so", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    const says = peer.index === 0 ? "Keep-Alive: timeout=2\r\n" : "";
    await peer.send(`HTTP/1.1 200 OK\r\n${says}Content-Length: 2\r\n\r\nok`);
    if (peer.index === 1) await answerAll(peer);
  });
  const balto = await start(serving({ to: origin }));
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  const first = await origin.peer(0);
  await until("the first one's end", () => first.ending !== undefined, 2_000);
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  const second = await origin.peer(1);
  // Four seconds, and Balto's own tick.
  await until("the second one's end", () => second.ending !== undefined, 6_000);
  expect(second.ending).toBe("fin");
});

test("a backend that gives no second answer on its connection gets no second request", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok");
  });
  const balto = await start(serving({ to: origin }));
  for (let round = 0; round < 3; round++) await ask(balto.port, "GET /");
  expect(origin.peers.length).toBe(3);
});

test("an answer that came before its request's end is no reason to keep the connection", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.read();
    await peer.send(OK);
    expect((await peer.rest()).ending).toBeDefined();
  });
  const balto = await start(serving({ to: origin }));
  for (let round = 0; round < 2; round++) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes("POST /", ["Content-Length: 100"], "half"));
    expect((await client.answer()).text).toBe("ok");
    client.close();
  }
  expect(origin.peers.length).toBe(2);
});
