// A new process beside the old one, on the same port, and then the old one's end: a client that never
// retries does not notice.

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { published, serving, temporaryFolder } from "../harness/artifact.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { type DataPlane, type DataPlaneOptions, start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { listeningOn } from "../harness/listening.ts";
import { Load, type LoadReport } from "../harness/load-client.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep } from "../harness/until.ts";

const UPGRADES = 5;

/** A data plane beside those on the port. */
function beside(
  artifact: string,
  port: number,
  runtime: string,
  options: DataPlaneOptions = {},
): Promise<DataPlane> {
  return start(artifact, {
    workers: 2,
    ...options,
    args: [`--listen=127.0.0.1:${port}`],
    env: { BALTO_RUNTIME_DIR: runtime },
  });
}

function runtimeFolder(): string {
  const folder = join(temporaryFolder(), "run");
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

function expectNothingLost({ lost, closed, answered }: LoadReport): void {
  expect(lost).toEqual([]);
  // Every connection that ended was told before.
  expect(closed.filter((line) => line !== "announced: Connection: close")).toEqual([]);
  expect(closed.length).toBeGreaterThan(0);
  for (const count of Object.values(answered)) expect(count).toBeGreaterThan(100);
}

test(`${UPGRADES} upgrades in a row lose no request and refuse no connection`, async () => {
  const origin = await startOrigin();
  const artifact = published(serving({ to: origin }));
  const runtime = runtimeFolder();
  const port = await freePort();
  let balto = await beside(artifact, port, runtime);
  const load = new Load({
    port,
    keepAlive: 8,
    perRequest: 16,
    idle: 20,
    request: (n) => ({ line: `GET /${n}`, fields: [`X-Number: ${n}`] }),
    generationOf: (answer) => {
      expect([answer.status, answer.text]).toEqual([200, "ok\n"]);
      return "";
    },
  });
  // More workers, fewer, as many: what one process listened with is always taken over whole.
  const workers = [2, 3, 1, 2, 2];
  let groups = 2;
  let sockets = listeningOn(port);
  // Several of each worker.
  expect(sockets).toBeGreaterThan(groups);
  for (let upgrade = 0; upgrade < UPGRADES; upgrade++) {
    const next = await beside(artifact, port, runtime, { workers: workers[upgrade]! });
    expect(next.log[0]).toMatchObject({ message: "Serving", taken_over: groups });
    if (workers[upgrade]! > groups) {
      groups = workers[upgrade]!;
      sockets = listeningOn(port);
    }
    await sleep(300);
    balto.signal("SIGTERM");
    expect(await balto.ends()).toEqual({ code: 0, signal: null });
    balto = next;
    await sleep(300);
    expect(listeningOn(port)).toBe(sockets);
  }
  expectNothingLost(await load.stop());
}, 120_000);

test("a new process that ends again leaves the old one serving", async () => {
  const origin = await startOrigin();
  const artifact = published(serving({ to: origin }));
  const runtime = runtimeFolder();
  const old = await beside(artifact, await freePort(), runtime);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const next = await beside(artifact, old.port, runtime);
    expect(next.log[0]).toMatchObject({ taken_over: 2 });
    // Time for the old one to see that it has a successor.
    await sleep(800);
    next.signal(signal);
    await next.ends();
    for (let n = 0; n < 20; n++) expect((await ask(old.port, "GET /")).status).toBe(200);
    // And to see that it has none any more.
    await sleep(800);
  }
  old.signal("SIGTERM");
  await old.ends();
  expect(readdirSync(runtime)).toEqual([]);
});

test("a folder that others can enter is not used", async () => {
  const origin = await startOrigin();
  const artifact = published(serving({ to: origin }));
  const runtime = join(temporaryFolder(), "run");
  mkdirSync(runtime, { mode: 0o755 });
  const balto = await beside(artifact, await freePort(), runtime);
  const line = await balto.says("No handover between processes on this port");
  expect(line).toMatchObject({ level: "warn" });
  expect((await ask(balto.port, "GET /")).status).toBe(200);
  expect(existsSync(join(runtime, `127.0.0.1_${balto.port}.0`))).toBe(false);
});

test("during the drain delay new connections are served, and told to close", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, { drainDelayMs: 1_500 }), { workers: 2 });
  const kept = await Client.to(balto.port);
  expect((await kept.ask("GET /")).field("connection")).toBeUndefined();
  balto.signal("SIGTERM");
  expect(await balto.says("Draining")).toMatchObject({ delay_ms: 1_500 });
  await sleep(200);
  expect((await kept.ask("GET /")).field("connection")).toBe("close");
  kept.close();
  const fresh = await ask(balto.port, "GET /");
  expect([fresh.status, fresh.field("connection")]).toEqual([200, "close"]);
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});

test("a connection accepted as the listener closes is served to its end", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }), { workers: 2 });
  // Connected, so in a queue or beyond, and no byte sent: the listener goes, they do not.
  const clients = await Promise.all(Array.from({ length: 50 }, () => Client.to(balto.port)));
  balto.signal("SIGTERM");
  await balto.says("Draining");
  for (const client of clients) await client.send(requestBytes("GET /"));
  for (const client of clients) {
    expect((await client.answer()).field("connection")).toBe("close");
    client.close();
  }
  expect(await balto.ends()).toEqual({ code: 0, signal: null });
});
