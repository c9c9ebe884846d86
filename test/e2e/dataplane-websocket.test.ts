// WebSocket: the one upgrade there is; http-behaviour.md, "Upgrade".

import { expect, test } from "vitest";
import { WebSocket } from "ws";

import { publish, published, serving } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { type RawOrigin, startRawOrigin } from "../harness/raw-origin.ts";
import { until } from "../harness/until.ts";
import { startWebSocketOrigin } from "../harness/websocket-origin.ts";

const HANDSHAKE = [
  "Connection: keep-alive, Upgrade",
  "Upgrade: WebSocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const get = (...fields: string[]): string =>
  ["GET /ws HTTP/1.1", "Host: h", ...fields, "", ""].join("\r\n");

/** A client and a backend, connection number `index` there, that have switched to WebSocket. */
async function openTunnel(balto: DataPlane, origin: RawOrigin, index = 0) {
  const client = await Client.to(balto.port);
  await client.send(get(...HANDSHAKE));
  const peer = await origin.peer(index);
  await peer.request();
  await peer.send(SWITCH);
  await client.head();
  return { client, peer };
}

test("real clients and servers talk through it, in small and in large messages", async () => {
  const origin = await startWebSocketOrigin();
  const balto = await start(serving({ to: origin }), { workers: 2 });
  const sockets = Array.from(
    { length: 8 },
    (_, index) => new WebSocket(`ws://127.0.0.1:${balto.port}/chat/${index}?x=1`, ["a", "b"]),
  );
  await Promise.all(
    sockets.map(async (socket, index) => {
      await new Promise((resolve, reject) => {
        socket.once("open", resolve).once("error", reject);
      });
      for (const size of [0, 1, 125, 126, 70_000, 3_000_000]) {
        const message = Buffer.alloc(size, index + 1);
        const echo = new Promise<Buffer>((resolve) => {
          socket.once("message", (data) => resolve(data as Buffer));
        });
        socket.send(message);
        expect((await echo).equals(message)).toBe(true);
      }
      const closed = new Promise<number>((resolve) => {
        socket.once("close", resolve);
      });
      socket.close(1000, "done");
      expect(await closed).toBe(1000);
    }),
  );
  expect(origin.handshakes.map(({ url }) => url)).toContain("/chat/0?x=1");
  expect(origin.handshakes[0]!.headers["x-forwarded-for"]).toBe("127.0.0.1");
});

test("a message from the server comes although the client says nothing", async () => {
  const origin = await startWebSocketOrigin();
  const balto = await start(serving({ to: origin }));
  const socket = new WebSocket(`ws://127.0.0.1:${balto.port}/`);
  const message = new Promise<string>((resolve) => {
    socket.once("message", (data) => resolve(String(data as Buffer)));
  });
  await until("the handshake", () => origin.sockets.length === 1);
  origin.sockets[0]!.send("hello");
  expect(await message).toBe("hello");
  socket.terminate();
  await until("its end at the origin", () => origin.sockets[0]!.readyState === WebSocket.CLOSED);
});

test("nothing reaches the backend as tunnel data before its 101", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(get(...HANDSHAKE), "early");
  const peer = await origin.peer(0);
  const request = await peer.request();
  expect(request!.all("upgrade")).toEqual(["websocket"]);
  expect(request!.all("connection")).toEqual(["Upgrade"]);
  expect(request!.field("sec-websocket-key")).toBe("dGhlIHNhbXBsZSBub25jZQ==");
  await expect(peer.read(300)).rejects.toThrow();
  await peer.send(`${SWITCH}first`);
  expect((await peer.read())!.toString()).toBe("early");
  const head = await client.head();
  expect(head.status).toBe(101);
  expect(head.all("upgrade")).toEqual(["websocket"]);
  expect(head.all("connection")).toEqual(["Upgrade"]);
  expect((await client.read())!.toString()).toBe("first");
});

test("each side may end its half alone", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  const { client, peer } = await openTunnel(balto, origin);
  client.end();
  expect(await peer.read()).toBeUndefined();
  await peer.send("still here");
  expect((await client.read())!.toString()).toBe("still here");
  await peer.send(Buffer.alloc(2_000_000, "x"));
  peer.end();
  const { bytes, ending } = await client.rest();
  expect(bytes.length).toBe(2_000_000);
  expect(ending).toBe("fin");
});

test("what the client sent goes on to the backend although both have ended", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  const { client, peer } = await openTunnel(balto, origin);
  peer.hold();
  peer.end();
  void client.send(Buffer.alloc(5_000_000, "y"));
  client.end();
  peer.release();
  expect((await peer.rest()).bytes.length).toBe(5_000_000);
});

test("any other answer is an ordinary one, and the connection stays HTTP", async () => {
  const origin = await startOrigin((response, { target }) => {
    response.statusCode = target === "/ws" ? 426 : 200;
    response.end("no");
  });
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  await client.send(get(...HANDSHAKE), "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  expect((await client.answer()).status).toBe(426);
  expect((await client.answer()).status).toBe(200);
});

test("a 101 that was not asked for, or to something else, is 502", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  const cases: [string, string][] = [
    [get(), SWITCH],
    [get(...HANDSHAKE), SWITCH.replace("websocket", "h2c")],
    [get(...HANDSHAKE), SWITCH.replace("Connection: Upgrade\r\n", "")],
  ];
  for (const [index, [request, answer]] of cases.entries()) {
    const client = await Client.to(balto.port);
    await client.send(request);
    const peer = await origin.peer(index);
    await peer.request();
    await peer.send(answer);
    expect((await client.answer()).status).toBe(502);
    client.close();
  }
});

test("no other upgrade reaches a backend", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }));
  const client = await Client.to(balto.port);
  const [, , ...rest] = HANDSHAKE;
  const others = [
    get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    get("Upgrade: websocket", ...rest),
    get("Connection: Upgrade", "Upgrade: tls/1.0"),
    get(...HANDSHAKE).replace("GET", "POST"),
    get(...HANDSHAKE, "Content-Length: 2") + "xy",
    get(...HANDSHAKE, "Connection: keep-alive").replace("HTTP/1.1", "HTTP/1.0"),
  ];
  for (const request of others) {
    await client.send(request);
    expect((await client.answer()).status).toBe(200);
  }
  for (const received of origin.requests) {
    expect(received.field("upgrade")).toBeUndefined();
    expect(received.field("http2-settings")).toBeUndefined();
  }
});

test("tunnels go on over a reload", async () => {
  const origin = await startRawOrigin();
  const path = published(serving({ to: origin }));
  const balto = await start(path);
  const { client, peer } = await openTunnel(balto, origin);
  publish(path, serving({ pattern: "/elsewhere", to: origin }));
  await balto.says("Artifact loaded");
  await client.send("ping");
  expect((await peer.read())!.toString()).toBe("ping");
  await peer.send("pong");
  expect((await client.read())!.toString()).toBe("pong");
});

test("a side that resets takes the other with it", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }));
  for (const index of [0, 1]) {
    const { client, peer } = await openTunnel(balto, origin, index);
    const [one, other] = index === 0 ? [client, peer] : [peer, client];
    one.reset();
    await other.rest().catch(() => undefined);
  }
});
