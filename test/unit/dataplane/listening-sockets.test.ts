// Real sockets: several accept on one port, each one connection a turn of the event loop.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import type { TcpHandle } from "../../../dataplane/http/tcp-handle.ts";
import {
  holdTcpPort,
  type ListenAddress,
  ListeningSockets,
  socketsPerAddress,
} from "../../../dataplane/listening-sockets.ts";
import { listeningOn } from "../../harness/listening.ts";
import { until } from "../../harness/until.ts";

interface Opened {
  sockets: ListeningSockets;
  port: number;
  accepted: TcpHandle[];
}

async function open(count: number, address: Partial<ListenAddress> = {}): Promise<Opened> {
  const accepted: TcpHandle[] = [];
  const sockets = await ListeningSockets.open(
    { host: "127.0.0.1", port: 0, ...address },
    count,
    (handle) => accepted.push(handle),
  );
  onTestFinished(async () => {
    await sockets.close();
    for (const handle of accepted) handle.close(() => {});
  });
  return { sockets, port: sockets.port, accepted };
}

/** So many clients that connect at once. */
function clients(count: number, port: number, host = "127.0.0.1"): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ host, port });
    socket.on("error", () => {});
    onTestFinished(() => {
      socket.destroy();
    });
    return socket;
  });
}

test.for([
  { sockets: 1, atLeast: 100, atMost: 200 },
  // The system spreads them by a hash; that one of ten sockets has half of them does not happen.
  { sockets: 10, atLeast: 1, atMost: 50 },
])("$sockets accept 100 that wait in up to $atMost turns", async (row) => {
  const { port, accepted } = await open(row.sockets);
  clients(100, port);
  let turns = 0;
  let before = 0;
  while (accepted.length < 100) {
    await new Promise((resolve) => setImmediate(resolve));
    if (accepted.length > before) turns++;
    before = accepted.length;
  }
  expect(turns).toBeGreaterThanOrEqual(row.atLeast);
  expect(turns).toBeLessThanOrEqual(row.atMost);
});

test("what waits is accepted before they close, and nothing after", async () => {
  const { sockets, port, accepted } = await open(4);
  expect(listeningOn(port)).toBe(4);
  const waiting = clients(60, port);
  await sockets.close();
  expect(accepted).toHaveLength(60);
  expect(listeningOn(port)).toBe(0);
  for (const socket of waiting) expect(socket.destroyed).toBe(false);
  const [late] = clients(1, port);
  const [error] = (await once(late!, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
});

test("all addresses are IPv4's and IPv6's", async () => {
  const { port, accepted } = await open(2, { host: "" });
  clients(1, port, "127.0.0.1");
  clients(1, port, "::1");
  await until("both", () => accepted.length === 2);
});

test("a name is looked up, and a zone of IPv6 is no name", async () => {
  const { port, accepted } = await open(2, { host: "localhost" });
  clients(1, port, "localhost");
  await until("one", () => accepted.length === 1);
  await expect(open(1, { host: "fe80::1%lo" })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  await expect(open(1, { host: "no.such.name.invalid" })).rejects.toMatchObject({
    syscall: "getaddrinfo",
  });
});

test("an address that is another one's is said to be, and nothing stays open", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  await expect(open(3, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(listeningOn(port)).toBe(1);
  holder.close();
  await once(holder, "close");
  expect((await open(3, { port })).port).toBe(port);
  await expect(open(3, { host: "192.0.2.1" })).rejects.toThrow(
    "address not available (EADDRNOTAVAIL)",
  );
});

test("a port that is held is not listened on, and can be opened", async () => {
  const port = await holdTcpPort("127.0.0.1");
  expect(listeningOn(port)).toBe(0);
  await open(2, { port });
  expect(listeningOn(port)).toBe(2);
});

test("how many each worker has depends on what all workers know", () => {
  const usual = { descriptorsMax: 20_000, workers: 2, addresses: 1 };
  expect(socketsPerAddress(usual)).toBe(32);
  expect(socketsPerAddress({ ...usual, isTls: true })).toBe(8);
  expect(socketsPerAddress({ ...usual, workers: 16 })).toBe(12);
  expect(socketsPerAddress({ ...usual, addresses: 50 })).toBe(2);
  expect(socketsPerAddress({ ...usual, descriptorsMax: 1_024 })).toBe(5);
  expect(socketsPerAddress({ descriptorsMax: 1_024, workers: 16, addresses: 3 })).toBe(1);
  expect(socketsPerAddress({ ...usual, descriptorsMax: Infinity })).toBe(32);
});
