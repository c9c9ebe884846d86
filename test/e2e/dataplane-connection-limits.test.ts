// Limits on connections: in total and from one client, over all workers, before TLS, at reload; each at
// one below, at and one over it.

import { connect } from "node:net";

import { expect, test } from "vitest";

import { publish, published, serving, type SettingOverrides } from "../harness/artifact.ts";
import { makeCertificate } from "../harness/certificate.ts";
import { Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { ConnectionReset } from "../harness/peer.ts";
import { until, untilAsync } from "../harness/until.ts";

const NOWHERE = { to: "http://127.0.0.1:9" };

/** A connection from an address of this machine; it may be refused as soon as it stands. */
async function connectFrom(address: string, port: number): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: address, allowHalfOpen: true });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  return new Client(socket);
}

/** Whether a connection is served. */
async function isServed(client: Client): Promise<boolean> {
  try {
    return (await client.ask("GET /health")).status === 200;
  } catch (error) {
    expect(error).toBeInstanceOf(ConnectionReset);
    return false;
  }
}

/** Whether a new one is, from an address. */
async function servesNew(balto: DataPlane, address = "127.0.0.1"): Promise<boolean> {
  const client = await connectFrom(address, balto.port).catch((error: unknown) => {
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });
  return client !== undefined && (await isServed(client));
}

async function open(balto: DataPlane, count: number, address = "127.0.0.1"): Promise<Client[]> {
  const clients: Client[] = [];
  for (let n = 0; n < count; n++) {
    const client = await connectFrom(address, balto.port);
    expect(await isServed(client), `connection ${n + 1} of ${count} from ${address}`).toBe(true);
    clients.push(client);
  }
  return clients;
}

async function startWith(overrides: SettingOverrides, workers = 2): Promise<DataPlane> {
  return start(serving(NOWHERE, overrides), { workers });
}

/** How many refusals the log tells of, for one limit. */
function refusals(balto: DataPlane, limit: string): number {
  return balto.log
    .filter((line) => line.message === "Connections refused" && line["limit"] === limit)
    .reduce((sum, line) => sum + Number(line["refused"]), 0);
}

test("server.limits.connections is exact over all workers, and says so once a second", async () => {
  const balto = await startWith({ limits: { connectionsMax: 9 } }, 3);
  const clients = await open(balto, 9);
  const refused = await Promise.all(Array.from({ length: 30 }, () => servesNew(balto)));
  expect(refused).not.toContain(true);
  // Those that stand are served on.
  for (const client of clients) expect(await isServed(client)).toBe(true);
  await until("thirty refusals told", () => refusals(balto, "server.limits.connections") === 30);
  const lines = balto.log.filter(({ message }) => message === "Connections refused");
  expect(lines.length).toBeLessThanOrEqual(2);
  expect(lines[0]).toMatchObject({ level: "warn", max: 9, connections: 9 });
  // One that goes makes room for one.
  clients.pop()!.close();
  await until("its end", () => balto.connections() === 8);
  clients.push(...(await open(balto, 1)));
  expect(await servesNew(balto)).toBe(false);
});

test("server.limits.connections_per_client is exact for each address, over all workers", async () => {
  const balto = await startWith({ limits: { clientConnectionsMax: 4 } }, 3);
  const clients = await open(balto, 4, "127.0.0.2");
  for (let n = 0; n < 5; n++) {
    expect(await servesNew(balto, "127.0.0.2")).toBe(false);
  }
  await open(balto, 4, "127.0.0.3");
  const limit = "server.limits.connections_per_client";
  await until("five refusals told", () => refusals(balto, limit) === 5);
  clients[0]!.reset();
  await until("its end", () => balto.connections() === 7);
  await open(balto, 1, "127.0.0.2");
  expect(await servesNew(balto, "127.0.0.2")).toBe(false);
});

test("trusted proxies have no limit of their own, and count in the total", async () => {
  const limits = { clientConnectionsMax: 1, connectionsMax: 5 };
  const balto = await startWith({ trustedProxies: ["127.0.0.2/32"], limits });
  await open(balto, 1);
  expect(await servesNew(balto)).toBe(false);
  await open(balto, 4, "127.0.0.2");
  expect(await servesNew(balto, "127.0.0.2")).toBe(false);
});

test("without a limit a client has as many as it likes", async () => {
  const balto = await startWith({});
  await open(balto, 300);
});

test("over TLS a connection counts from its first byte on, and is refused before any", async () => {
  const { cert, certFile, keyFile } = makeCertificate("localhost");
  const tls = { enabled: true, certFile, keyFile };
  const balto = await startWith({ tls, limits: { connectionsMax: 3 } });
  const overTls = async (): Promise<boolean> => {
    const client = await Client.overTls(balto.port, { ca: cert }).catch(() => undefined);
    return client === undefined ? false : isServed(client);
  };
  // One that does not even say hello has its place, until it goes.
  const silent = await connectFrom("127.0.0.1", balto.port);
  await until("it is accepted", () => balto.connections() === 1);
  expect([await overTls(), await overTls(), await overTls()]).toEqual([true, true, false]);
  expect(await servesNew(balto)).toBe(false);
  silent.close();
  await until("its end", () => balto.connections() === 2);
  // A handshake that fails gives its place back. The system closes a connection before its place is free.
  const fails = async (): Promise<boolean> => {
    const wrong = await connectFrom("127.0.0.1", balto.port);
    try {
      await wrong.send("GET / HTTP/1.1\r\n\r\n");
      await wrong.rest();
      return true;
    } catch {
      return false;
    } finally {
      wrong.close();
    }
  };
  await untilAsync("the place of the silent one", fails);
  await untilAsync("the place of the wrong one", overTls);
  expect(await overTls()).toBe(false);
});

test("limits follow a reload: lower ones refuse what is new and leave what stands", async () => {
  const path = published(serving(NOWHERE));
  const balto = await start(path, { workers: 2 });
  const clients = await open(balto, 6);
  const reloadWith = async (limits: SettingOverrides["limits"]): Promise<void> => {
    const from = balto.log.length;
    publish(path, serving(NOWHERE, { limits: { ...limits } }));
    await balto.says("Artifact loaded", from);
  };
  await reloadWith({ clientConnectionsMax: 6 });
  expect(await servesNew(balto)).toBe(false);
  expect(await servesNew(balto, "127.0.0.9")).toBe(true);
  await reloadWith({ connectionsMax: 3 });
  expect(await servesNew(balto, "127.0.0.9")).toBe(false);
  for (const client of clients) expect(await isServed(client)).toBe(true);
  await reloadWith({});
  await open(balto, 3);
});

test("a flood of refused connections leaves nothing behind", async () => {
  const balto = await startWith({ limits: { connectionsMax: 2 } });
  const clients = await open(balto, 2);
  for (let round = 0; round < 20; round++) {
    const flood = await Promise.all(Array.from({ length: 50 }, () => servesNew(balto)));
    expect(flood).not.toContain(true);
  }
  expect(await isServed(clients[0]!)).toBe(true);
  await until("two connections", () => balto.connections() === 2);
  for (const client of clients) client.close();
  await until("none", () => balto.connections() === 0);
  await open(balto, 2);
});
