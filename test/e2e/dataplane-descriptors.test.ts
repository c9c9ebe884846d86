// A process that may have 256 descriptors, and clients who want them all: it turns new ones away, serves
// those it has, and is itself again when they leave.

import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { publish, published, serving } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

const DESCRIPTORS = 256;

/** So many clients connect; given are those that are not turned away. */
async function crowd(port: number, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let n = 0; n < count; n++) {
    // A reset may come before the client knows that it is connected.
    const client = await Client.to(port).catch(() => undefined);
    if (client !== undefined) clients.push(client);
  }
  await sleep(300);
  return clients.filter(({ ending }) => ending === undefined);
}

/** Processor time of a second, in percent. */
async function load(balto: DataPlane): Promise<number> {
  const before = [balto.processorMs(), performance.now()] as const;
  await sleep(2_000);
  return (100 * (balto.processorMs() - before[0])) / (performance.now() - before[1]);
}

function turnedAway(balto: DataPlane): number {
  const lines = balto.log.filter(({ message }) => message.startsWith("Connections turned away"));
  for (const line of lines) expect(line).toMatchObject({ level: "warn", limit: DESCRIPTORS });
  return lines.length;
}

test("near the limit of descriptors new connections are turned away, quietly, and those that stand are served", async () => {
  const amber = await startOrigin((response) => void response.end("amber"));
  const coral = await startOrigin((response) => void response.end("coral"));
  const path = published(serving({ name: "one", to: amber }));
  const balto = await start(path, { workers: 2, descriptors: DESCRIPTORS });
  expect(balto.log[0]).toMatchObject({ message: "Serving", descriptors: DESCRIPTORS });

  const inside = await crowd(balto.port, 400);
  expect(inside.length).toBeGreaterThan(100);
  expect(inside.length).toBeLessThan(DESCRIPTORS);

  // They come again all the time.
  let isOver = false;
  const insisting = (async () => {
    for (; !isOver; await sleep(10)) {
      await Client.to(balto.port).then(
        (client) => client.close(),
        () => undefined,
      );
    }
  })();
  expect(await load(balto)).toBeLessThan(20);
  for (const client of inside.slice(0, 20)) {
    expect((await client.ask("GET /")).text).toBe("amber");
  }
  // A new artifact needs a descriptor, too.
  publish(path, serving({ name: "two", to: coral }));
  await balto.says("Artifact loaded");
  expect((await inside[0]!.ask("GET /")).text).toBe("coral");
  isOver = true;
  await insisting;
  expect(turnedAway(balto)).toBe(1);

  const left = performance.now();
  for (const client of inside) client.close();
  let status = 0;
  while (status !== 200) {
    status = await ask(balto.port, "GET /").then(
      (answer) => answer.status,
      () => 0,
    );
  }
  expect(performance.now() - left).toBeLessThan(2_000);
});

test("when backends' connections cannot be made for want of descriptors, requests are answered", async () => {
  let mayEnd = false;
  const origin = await startOrigin(async (response) => {
    await until("leave to end", () => mayEnd, 30_000);
    response.end("ok");
  });
  const balto = await start(serving({ to: origin }), { descriptors: DESCRIPTORS });
  const inside = await crowd(balto.port, 400);
  const answers = inside.map(async (client) => (await client.ask("GET /")).status);
  await sleep(1_000);
  mayEnd = true;
  const statuses = await Promise.all(answers);
  expect(new Set(statuses)).toEqual(new Set([200, 502]));
  for (const client of inside) client.close();
  await until("an answer", () => balto.connections() < 100, 2_000);
  expect((await ask(balto.port, "GET /")).status).toBe(200);
});

test("with not one descriptor left it keeps still, keeps the last good artifact, and recovers", async () => {
  const amber = await startOrigin((response) => void response.end("amber"));
  const coral = await startOrigin((response) => void response.end("coral"));
  const path = published(serving({ name: "one", to: amber }));
  const balto = await start(path, { workers: 2, descriptors: DESCRIPTORS });
  const kept = await Client.to(balto.port);
  expect((await kept.ask("GET /")).text).toBe("amber");
  // Fewer are allowed than it has: nothing can be opened any more, whatever it holds in reserve.
  limit(balto, 20);
  publish(path, serving({ name: "two", to: coral }));
  const refused = await balto.says("Artifact refused, the last good one goes on serving");
  expect(String(refused["error"])).toContain("EMFILE");
  expect((await kept.ask("GET /")).text).toBe("amber");
  const waiting: Client[] = [];
  for (let n = 0; n < 10; n++) waiting.push(await Client.to(balto.port));
  expect(await load(balto)).toBeLessThan(20);

  limit(balto, DESCRIPTORS);
  await balto.says("Artifact loaded", 0, 2_000);
  expect((await ask(balto.port, "GET /")).text).toBe("coral");
  expect((await kept.ask("GET /")).text).toBe("coral");
});

/** Sets the soft limit of a running process. */
function limit(balto: DataPlane, descriptors: number): void {
  execFileSync("prlimit", [`--pid=${balto.pid}`, `--nofile=${descriptors}:${DESCRIPTORS}`]);
}
