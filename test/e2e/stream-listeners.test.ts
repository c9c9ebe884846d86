// Streams as they come, change and go: limits, who is let in, reloads, drains, and backends that die.

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

import { expect, test } from "vitest";

import { publish, published, streaming, temporaryFolder } from "../harness/artifact.ts";
import { type DataPlane, launch, start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { closeOpenEnds } from "../harness/open-ends.ts";
import type { Peer } from "../harness/peer.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { scrape } from "../harness/scrape.ts";
import { connectTo, readBytes, startEcho, startProgram, streamPort } from "../harness/stream.ts";
import { sleep, until, untilAsync } from "../harness/until.ts";
import { WORKER_FAULTS } from "../harness/worker-faults.ts";

/** Whether an echo comes back. */
async function isServed(client: Peer | undefined): Promise<boolean> {
  if (client === undefined) return false;
  try {
    await client.send("?");
    return (await readBytes(client, 1)).toString() === "?";
  } catch {
    return false;
  }
}

async function tryConnect(port: number, from?: string): Promise<Peer | undefined> {
  return connectTo(port, from).catch(() => undefined);
}

/** A reload has been served. */
async function reload(balto: DataPlane, path: string, bytes: Uint8Array): Promise<void> {
  const from = balto.log.length;
  publish(path, bytes);
  await balto.says("Artifact loaded", from);
}

test("max_connections and connections_per_client hold exactly over all workers", async () => {
  const echo = await startEcho();
  const limits = { connectionsMax: 6, clientConnectionsMax: 4 };
  const balto = await start(streaming({ name: "s", to: echo.target, policy: limits }), {
    workers: 2,
  });
  const port = await streamPort(balto, "s");
  const mine: Peer[] = [];
  for (let n = 0; n < 4; n++) {
    const client = await connectTo(port);
    expect(await isServed(client)).toBe(true);
    mine.push(client);
  }
  expect(await isServed(await tryConnect(port))).toBe(false);
  for (const n of [2, 3]) expect(await isServed(await tryConnect(port, `127.0.0.${n}`))).toBe(true);
  expect(await isServed(await tryConnect(port, "127.0.0.4"))).toBe(false);
  mine[0]!.close();
  await until("a place free again", () => echo.peers[0]!.ending !== undefined);
  let served: Peer | undefined;
  for (let n = 0; n < 100 && served === undefined; n++) {
    const client = await tryConnect(port, "127.0.0.5");
    if (await isServed(client)) served = client;
    else await sleep(20);
  }
  expect(served).toBeDefined();
});

test("deny wins over allow, and who is not allowed is reset", async () => {
  const echo = await startEcho();
  const policy = { allow: ["127.0.0.0/29"], deny: ["127.0.0.3/32"] };
  const balto = await start(streaming({ name: "s", to: echo.target, policy }));
  const port = await streamPort(balto, "s");
  expect(await isServed(await tryConnect(port, "127.0.0.1"))).toBe(true);
  expect(await isServed(await tryConnect(port, "127.0.0.3"))).toBe(false);
  expect(await isServed(await tryConnect(port, "127.0.0.9"))).toBe(false);
  expect(echo.peers).toHaveLength(1);
});

test("on all addresses IPv4's clients are known by their own, and IPv6's by theirs", async () => {
  const echo = await startEcho();
  const stream = (name: string, allow: string[]) => ({
    name,
    listen: ":0",
    to: echo.target,
    policy: { allow },
  });
  const balto = await start(
    streaming([stream("four", ["127.0.0.0/8"]), stream("six", ["::1/128"])]),
    { workers: 2 },
  );
  const [four, six] = [await streamPort(balto, "four"), await streamPort(balto, "six")];
  expect(await isServed(await tryConnect(four))).toBe(true);
  expect(await isServed(await tryConnect(four, "::1"))).toBe(false);
  expect(await isServed(await tryConnect(six))).toBe(false);
  expect(await isServed(await tryConnect(six, "::1"))).toBe(true);
});

test("a reload adds, moves and removes listeners, and connections go on", async () => {
  const [one, two] = [await startEcho(), await startEcho()];
  const ports = [await freePort(), await freePort(), await freePort()];
  const stream = (name: string, at: number, to: string) => ({
    name,
    to,
    listen: `127.0.0.1:${ports[at]}`,
  });
  const path = published(
    streaming([stream("stays", 0, one.target), stream("moves", 1, one.target)]),
  );
  const balto = await start(path, { workers: 2 });
  const [staying, moving] = [await connectTo(ports[0]!), await connectTo(ports[1]!)];
  expect([await isServed(staying), await isServed(moving)]).toEqual([true, true]);

  await reload(
    balto,
    path,
    streaming([stream("stays", 0, two.target), stream("moves", 2, one.target)]),
  );
  expect([await isServed(staying), await isServed(moving)]).toEqual([true, true]);
  expect(await isServed(await tryConnect(ports[2]!))).toBe(true);
  expect(await tryConnect(ports[1]!)).toBeUndefined();
  expect(two.peers).toHaveLength(0);
  expect(await isServed(await tryConnect(ports[0]!))).toBe(true);
  expect(two.peers).toHaveLength(1);

  await reload(balto, path, streaming([]));
  expect([await isServed(staying), await isServed(moving)]).toEqual([true, true]);
  for (const port of ports) expect(await tryConnect(port)).toBeUndefined();
  const counted = async (name: string): Promise<number> => {
    const metrics = await scrape(balto.port);
    return metrics.sum("balto_stream_connections_total", { stream: name });
  };
  expect([await counted("stays"), await counted("moves")]).toEqual([2, 2]);

  await reload(balto, path, streaming(stream("back", 1, two.target)));
  expect(await isServed(await tryConnect(ports[1]!))).toBe(true);
  expect([await isServed(staying), await isServed(moving)]).toEqual([true, true]);
  closeOpenEnds();
  await untilAsync("series of streams that are gone", async () => (await counted("stays")) === 0);
  expect(await counted("back")).toBe(1);
});

test("an address that is taken is tried again until it is free", async () => {
  const echo = await startEcho();
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const path = published(streaming([]));
  const balto = await start(path);
  const listen = `127.0.0.1:${port}`;
  const from = balto.log.length;
  await reload(balto, path, streaming({ name: "s", listen, to: echo.target }));
  const line = await balto.says("Stream cannot listen", from);
  expect(line).toMatchObject({ level: "error", stream: "s", listen });
  expect(line["error"]).toBe("the address is in use");
  holder.close();
  await balto.says("Stream opened", from);
  expect(await isServed(await tryConnect(port))).toBe(true);
  await reload(balto, path, streaming([]));
});

test("a stream that cannot listen at the start ends the process with a line that says which", async () => {
  const holder = await startRawOrigin();
  const listen = `127.0.0.1:${holder.port}`;
  const balto = launch(streaming({ name: "s", listen, to: "tcp://127.0.0.1:9" }));
  expect((await balto.ends()).code).toBe(1);
  expect(balto.stderr).toMatch(
    /^balto: stream s: cannot listen on 127\.0\.0\.1:\d+: the address is in use\n$/,
  );
});

test("SIGTERM lets connections end by themselves, and takes no new ones", async () => {
  const echo = await startEcho();
  const balto = await start(streaming({ name: "s", to: echo.target }), { workers: 2 });
  const port = await streamPort(balto, "s");
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(port)));
  for (const client of clients) expect(await isServed(client)).toBe(true);
  balto.signal("SIGTERM");
  await balto.says("Draining");
  let isRefused = false;
  while (!isRefused) {
    const late = await tryConnect(port);
    isRefused = late === undefined;
    late?.close();
    await sleep(20);
  }
  await sleep(1_500);
  const answers = clients.map(async (client, n) => {
    const bytes = Buffer.alloc(200_000, n);
    client.post(bytes);
    client.end();
    const { bytes: back, ending } = await client.rest();
    return ending === "fin" && back.equals(bytes);
  });
  expect(await Promise.all(answers)).toEqual(clients.map(() => true));
  expect((await balto.ends()).code).toBe(0);
});

test("what has not ended when the drain's time is over is reset", async () => {
  const echo = await startEcho();
  const balto = await start(streaming({ name: "s", to: echo.target }, [], { drainTimeoutMs: 700 }));
  const client = await connectTo(await streamPort(balto, "s"));
  expect(await isServed(client)).toBe(true);
  balto.signal("SIGTERM");
  expect(await client.rest()).toMatchObject({ ending: "reset" });
  expect(await echo.peers[0]!.rest()).toMatchObject({ ending: "reset" });
  expect((await balto.ends()).code).toBe(0);
});

test("a backend that is killed under 500 connections takes these with it and no others", async () => {
  const folder = temporaryFolder();
  const script = join(folder, "echo.mjs");
  // Unread bytes make the end of a killed process a reset, and without any it is a FIN.
  writeFileSync(
    script,
    `import { createServer } from "node:net";
     createServer((socket) => socket.on("error", () => {}).once("data", (bytes) => {
       socket.write(bytes);
       socket.pause();
     })).listen(Number(process.argv[2]), "127.0.0.1");`,
  );
  const mortal = await startProgram(process.execPath, (port) => [script, String(port)]);
  const echo = await startEcho();
  const balto = await start(
    streaming({ name: "s", to: [`tcp://127.0.0.1:${mortal.port}`, echo.target] }),
    { workers: 2 },
  );
  const port = await streamPort(balto, "s");
  const clients: Peer[] = [];
  for (let n = 0; n < 500; n += 50) {
    const some = await Promise.all(Array.from({ length: 50 }, () => connectTo(port)));
    for (const client of some) expect(await isServed(client)).toBe(true);
    clients.push(...some);
  }
  const unread = Buffer.alloc(150_000, "u");
  for (const client of clients) client.post(unread);
  await sleep(300);
  mortal.child.kill("SIGKILL");
  await mortal.exit;
  const served = await Promise.all(
    Array.from({ length: 40 }, async () => isServed(await connectTo(port))),
  );
  expect(served.every(Boolean)).toBe(true);
  await until("the killed backend's clients reset", () => {
    const reset = clients.filter(({ ending }) => ending === "reset").length;
    return reset >= 200 && reset + echo.peers.length >= 500;
  });
  const alive = clients.filter(({ ending }) => ending === undefined);
  for (const client of alive) await readBytes(client, unread.length);
  for (const client of alive) expect(await isServed(client)).toBe(true);
});

test("a worker that dies gives back its connections' places, and what it had counted stays", async () => {
  const echo = await startEcho();
  const artifact = streaming({ name: "s", to: echo.target, policy: { connectionsMax: 20 } });
  const balto = await launch(artifact, { workers: 2, env: WORKER_FAULTS }).serves();
  const port = await streamPort(balto, "s");
  const clients: Peer[] = [];
  while (clients.length < 20) {
    const client = await connectTo(port);
    expect(await isServed(client)).toBe(true);
    clients.push(client);
  }
  expect(await isServed(await tryConnect(port))).toBe(false);
  for (const worker of [0, 1]) {
    const from = balto.log.length;
    balto.child.stdin!.write(`throw ${worker}\n`);
    await balto.says("Worker replaced", from);
  }
  await until("all connections gone", () => clients.every(({ ending }) => ending !== undefined));
  for (let n = 0; n < 20; n++) expect(await isServed(await tryConnect(port))).toBe(true);
  balto.signal("SIGTERM");
  closeOpenEnds();
  expect((await balto.ends()).code).toBe(0);
  const counted = balto.log.filter(({ message }) => message === "Stream served");
  expect(counted.reduce((sum, line) => sum + Number(line["connections"]), 0)).toBe(40);
});
