// Backends of streams: probes, priorities, weights, limits, queues and breakers are those of every pool.

import { createServer } from "node:http";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import type { HealthPolicy } from "../../artifact/model.ts";
import { streaming } from "../harness/artifact.ts";
import { start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import type { Peer } from "../harness/peer.ts";
import { type RawOrigin, startRawOrigin } from "../harness/raw-origin.ts";
import { connectTo, readBytes, streamPort } from "../harness/stream.ts";
import { PATIENCE_MS, sleep, until } from "../harness/until.ts";

const HEALTH: HealthPolicy = {
  type: "tcp",
  path: "/health",
  method: "GET",
  headers: [],
  host: "",
  port: 0,
  expectedStatus: [{ first: 200, last: 299 }],
  expectedBody: "",
  intervalMs: 100,
  jitterMs: 0,
  timeoutMs: 1_000,
  unhealthyThreshold: 2,
  healthyThreshold: 2,
  initiallyUp: true,
};

/** A backend that says its name first, as servers of mail and databases do. */
async function startSpeaker(name: string): Promise<RawOrigin & { target: string }> {
  const origin = await startRawOrigin(async (peer) => {
    await peer.send(name);
  });
  return { ...origin, target: `tcp://127.0.0.1:${origin.port}` };
}

/** How a connection ends that nobody says anything on; a reset may come before it stands. */
async function endOf(port: number): Promise<string> {
  const client = await connectTo(port).catch(() => undefined);
  const { ending } = (await client?.rest()) ?? { ending: "reset" };
  client?.close();
  return ending;
}

async function whoAnswers(port: number): Promise<{ client: Peer; name: string }> {
  const client = await connectTo(port);
  return { client, name: (await readBytes(client, 1)).toString() };
}

test("connections are shared by weight, and backends of a later priority get none", async () => {
  const speakers = [await startSpeaker("a"), await startSpeaker("b"), await startSpeaker("c")];
  const [a, b, c] = speakers.map(({ target }) => target) as [string, string, string];
  const to = [
    { url: a, weight: 3 },
    { url: b, weight: 1 },
    { url: c, priority: 1 },
  ];
  const balto = await start(streaming({ name: "s", to, pool: { algorithm: "weighted-rr" } }));
  const port = await streamPort(balto, "s");
  const names: string[] = [];
  for (let n = 0; n < 16; n++) names.push((await whoAnswers(port)).name);
  expect(names.filter((name) => name === "a")).toHaveLength(12);
  expect(names.filter((name) => name === "b")).toHaveLength(4);
});

test("connections that stay open count: the backend with the fewest gets the next one", async () => {
  const speakers = [await startSpeaker("a"), await startSpeaker("b")];
  const to = speakers.map(({ target }) => target);
  const balto = await start(
    streaming({ name: "s", to, pool: { algorithm: "least-connections" } }),
    {
      workers: 2,
    },
  );
  const port = await streamPort(balto, "s");
  const first = [await whoAnswers(port), await whoAnswers(port)];
  expect(new Set(first.map(({ name }) => name)).size).toBe(2);
  const [gone, stays] = first as [(typeof first)[0], (typeof first)[0]];
  gone.client.close();
  const left = speakers[gone.name === "a" ? 0 : 1]!;
  await until("the backend told of it", () => left.peers[0]!.ending !== undefined);
  left.peers[0]!.close();
  await until("one pair left", () => balto.connections() === 2);
  expect((await whoAnswers(port)).name).toBe(gone.name);
  expect(stays.client.ending).toBeUndefined();
});

test("probes ask a health endpoint on another port, and traffic goes where that says", async () => {
  const speakers = [await startSpeaker("a"), await startSpeaker("b")];
  let status = 200;
  const asked: string[] = [];
  const health = createServer(({ url }, response) => {
    asked.push(url ?? "");
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(health, "listening");
  onTestFinished(() => {
    health.closeAllConnections();
    health.close();
  });
  const { port: at } = health.address() as AddressInfo;
  const [a, b] = speakers.map(({ target }) => target) as [string, string];
  const balto = await start(
    streaming([
      {
        name: "asked",
        to: [a],
        pool: { health: { ...HEALTH, type: "http", port: at }, panicPercent: 0 },
      },
      { name: "plain", to: [b], pool: { health: HEALTH } },
    ]),
  );
  const [port, plain] = [await streamPort(balto, "asked"), await streamPort(balto, "plain")];
  const held = await whoAnswers(port);
  await until("a probe", () => asked.includes("/health"));
  status = 503;
  await balto.says("Backend down");
  expect(await endOf(port)).toBe("reset");
  expect(held.client.ending).toBeUndefined();
  expect((await whoAnswers(plain)).name).toBe("b");
  status = 200;
  await balto.says("Backend up");
  expect((await whoAnswers(port)).name).toBe("a");
});

test("a backend that is probed over TCP is passed over from the moment it is down", async () => {
  const speaker = await startSpeaker("a");
  const port = await freePort();
  const balto = await start(
    streaming({
      name: "s",
      to: [`tcp://127.0.0.1:${port}`, speaker.target],
      pool: { health: HEALTH, breaker: undefined },
    }),
  );
  await balto.says("Backend down");
  const at = await streamPort(balto, "s");
  const from = balto.log.length;
  for (let n = 0; n < 10; n++) expect((await whoAnswers(at)).name).toBe("a");
  expect(balto.log.slice(from).map(({ message }) => message)).not.toContain("Connection failed");
});

test("a full backend makes others wait, first come, first served, and the queue has an end", async () => {
  const speaker = await startSpeaker("a");
  const balto = await start(
    streaming({
      name: "s",
      to: { url: speaker.target, connectionsMax: 1 },
      pool: { queue: { waitersMax: 1, timeoutMs: 20_000 } },
    }),
  );
  const port = await streamPort(balto, "s");
  const first = await whoAnswers(port);
  const waiting = await connectTo(port);
  await waiting.send("early word");
  await until("it waiting", () => balto.connections() === 3);
  expect(await endOf(port)).toBe("reset");
  expect(waiting.bytesReceived).toBe(0);
  first.client.end();
  (await speaker.peer(0)).end();
  expect((await readBytes(waiting, 1)).toString()).toBe("a");
  expect((await readBytes(await speaker.peer(1), 10)).toString()).toBe("early word");
});

test("a breaker opens by connections that fail, and closes when they succeed again", async () => {
  const port = await freePort();
  const breaker = {
    failureThreshold: 3,
    successThreshold: 1,
    timeoutMs: 300,
    halfOpenRequestsMax: 1,
    statuses: [],
  };
  const balto = await start(
    streaming({ name: "s", to: `tcp://127.0.0.1:${port}`, pool: { breaker } }),
  );
  const at = await streamPort(balto, "s");
  for (let n = 0; n < 3; n++) expect(await endOf(at)).toBe("reset");
  await balto.says("Circuit breaker opened");
  const server = createTcpServer((socket) => void socket.end("a")).listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  let isServed = false;
  const end = performance.now() + PATIENCE_MS;
  while (!isServed && performance.now() < end) {
    isServed = (await endOf(at)) === "fin";
    if (!isServed) await sleep(50);
  }
  expect(isServed).toBe(true);
  await balto.says("Circuit breaker closed");
});
