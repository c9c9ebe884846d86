// A worker that dies takes its own connections with it and nothing else, and is replaced.

import { expect, test } from "vitest";

import { publish, published, type RouteOptions, serving } from "../harness/artifact.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, launch, type LogLine } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";
import { DIES_AT_START, type Fault, WORKER_FAULTS } from "../harness/worker-faults.ts";

const WORKERS = 2;

async function startFaulty(
  routes: RouteOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<DataPlane> {
  return launch(serving(routes), { workers: WORKERS, env: { ...WORKER_FAULTS, ...env } }).serves();
}

function order(balto: DataPlane, fault: Fault, worker: number | "main"): void {
  balto.child.stdin!.write(`${fault} ${worker}\n`);
}

async function connections(balto: DataPlane, count: number): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => Client.to(balto.port)));
  for (const client of clients) expect((await client.ask("GET /")).status).toBe(200);
  return clients;
}

function deaths(balto: DataPlane): LogLine[] {
  return balto.log.filter(({ message }) => message === "Worker died");
}

test.each(["throw", "reject", "exit", "memory"] as const)(
  "a worker that dies (%s) is replaced within a second, and its sibling's connections live on",
  async (fault) => {
    const origin = await startOrigin();
    // Memory for a worker as small as it can be, so that it is used up soon.
    const env =
      fault === "memory"
        ? { NODE_OPTIONS: `${WORKER_FAULTS.NODE_OPTIONS} --max-old-space-size=40` }
        : {};
    const balto = await startFaulty({ to: origin }, env);
    const clients = await connections(balto, 24);
    order(balto, fault, 1);
    const died = await balto.says("Worker died");
    const replaced = await balto.says("Worker replaced");
    const took = Date.parse(replaced.time) - Date.parse(died.time);
    expect(died).toMatchObject({ level: "error", worker: 1, deaths: 1, restart_in_ms: 0 });
    expect(String(died["error"])).toMatch(
      { throw: /a fault of/, reject: /a fault of/, exit: /by itself/, memory: /memory/ }[fault],
    );
    expect(took).toBeLessThan(1_000);

    await until("the dead worker's connections gone", () =>
      clients.some((client) => client.ending !== undefined),
    );
    const alive = clients.filter((client) => client.ending === undefined);
    expect(alive.length).toBeGreaterThan(0);
    expect(alive.length).toBeLessThan(clients.length);
    for (const client of alive) expect((await client.ask("GET /")).status).toBe(200);
    // Its successor takes its share: with 24 connections neither worker goes without.
    await connections(balto, 24);
    balto.signal("SIGTERM");
    expect(await balto.ends()).toEqual({ code: 0, signal: null });
  },
);

test("a worker that dies again and again is restarted ever later, and its sibling serves", async () => {
  const origin = await startOrigin();
  const balto = await startFaulty({ to: origin }, DIES_AT_START);
  await until("three deaths", () => deaths(balto).length >= 3);
  await sleep(2_000);
  const waits = deaths(balto).map((line) => line["restart_in_ms"]);
  // 0, 250, 500, 1000, 2000: the sixth is due after 3.75 s and more.
  expect(waits.length).toBeLessThanOrEqual(5);
  expect(waits.slice(0, 3)).toEqual([0, 250, 500]);
  expect(deaths(balto).map((line) => line["deaths"])).toEqual(waits.map((_, at) => at + 1));
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  balto.signal("SIGTERM");
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("a stop does not wait longer than its time-out for a worker that hangs", async () => {
  const origin = await startOrigin();
  const balto = launch(serving({ to: origin }, { drainTimeoutMs: 500 }), {
    workers: WORKERS,
    env: WORKER_FAULTS,
  });
  await balto.serves();
  order(balto, "hang", 1);
  await sleep(200);
  balto.signal("SIGTERM");
  expect(await balto.ends(5_000)).toEqual({ code: 0, signal: null });
});

test.each(["throw", "reject"] as const)(
  "a bug in the main thread (%s) is logged, and traffic goes on",
  async (fault) => {
    const origin = await startOrigin();
    const balto = await startFaulty({ to: origin });
    const [client] = await connections(balto, 1);
    order(balto, fault, "main");
    const line = await balto.says("Main thread failed by a bug, traffic goes on");
    expect(line).toMatchObject({ level: "error" });
    expect(String(line["error"])).toContain("a fault of the test");
    expect((await client!.ask("GET /")).status).toBe(200);
    balto.signal("SIGTERM");
    expect(await balto.ends()).toEqual({ code: 0, signal: null });
  },
);

test("a worker that hangs is replaced, and keeps no reload waiting", async () => {
  const origin = await startOrigin();
  const path = published(serving({ to: origin, pattern: "/before" }));
  const balto = await launch(path, { workers: WORKERS, env: WORKER_FAULTS }).serves();
  order(balto, "hang", 1);
  publish(path, serving({ to: origin, pattern: "/after" }));
  const died = await balto.says("Worker died", 0, 30_000);
  expect(died).toMatchObject({ worker: 1, error: "it did nothing for 10000 ms" });
  await balto.says("Worker replaced");
  await balto.says("Artifact loaded");
  for (let n = 0; n < 8; n++) {
    expect((await ask(balto.port, "GET /after")).status).toBe(200);
    expect((await ask(balto.port, "GET /before")).status).toBe(404);
  }
  expect(deaths(balto)).toHaveLength(1);
});
