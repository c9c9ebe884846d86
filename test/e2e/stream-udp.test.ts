// Streams over UDP: a DNS server behind one answers a real resolver; sessions stay with their backend, go
// when they are idle, and make room for others.

import { createSocket, type Socket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { publish, published, streaming, temporaryFolder } from "../harness/artifact.ts";
import { startChild } from "../harness/children.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { DnsServer } from "../harness/dns-server.ts";
import { openEnd } from "../harness/open-ends.ts";
import { streamPort } from "../harness/stream.ts";
import { sleep, until, within } from "../harness/until.ts";

/** A server that says its name, and what it was sent. */
async function startTeller(name: string, port = 0): Promise<{ target: string; socket: Socket }> {
  const socket = createSocket("udp4");
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (bytes, from) => {
    socket.send(`${name}:${bytes.toString("latin1")}`, from.port, from.address);
  });
  onTestFinished(() => {
    try {
      socket.close();
    } catch {
      // The test has closed it.
    }
  });
  return { target: `udp://127.0.0.1:${socket.address().port}`, socket };
}

/** Answers every question with one address, whose last part it is given. */
const DNS_SERVER = `
  import { createSocket } from "node:dgram";
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    let end = 12;
    while (query[end] !== 0) end += 1 + query[end];
    end += 5;
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(1, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, +process.argv[2]]);
    socket.send(Buffer.concat([head, record]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
`;

async function startDnsProcess(script: string, last: number) {
  const { child, exit } = startChild(process.execPath, [script, String(last)], {
    stdio: ["ignore", "pipe", 2],
  });
  const [line] = (await within("its port", once(child.stdout!, "data"))) as [Buffer];
  return { child, exit, port: Number(line.toString()) };
}

class UdpClient {
  readonly answers: string[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  static async to(port: number, from = "127.0.0.1"): Promise<UdpClient> {
    const socket = createSocket("udp4");
    socket.bind(0, from);
    await once(socket, "listening");
    return new UdpClient(socket, port);
  }

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("message", (bytes) => this.answers.push(bytes.toString("latin1")));
    openEnd(() => socket.close());
  }

  send(text: string): void {
    this.#socket.send(text, this.#port, "127.0.0.1");
  }

  /** The answer to a question that is asked until there is one. */
  async ask(text: string): Promise<string> {
    const count = this.answers.length;
    let asked = -Infinity;
    await until(`an answer to ${text}`, () => {
      if (performance.now() - asked > 1_000) {
        asked = performance.now();
        this.send(text);
      }
      return this.answers.length > count;
    });
    return this.answers[count]!;
  }
}

/** Sessions that are idle do not hold up a drain. */
async function stops(balto: DataPlane): Promise<void> {
  balto.signal("SIGTERM");
  expect((await balto.ends()).code).toBe(0);
}

test("a DNS server behind a stream answers Node's resolver", async () => {
  const dns = await DnsServer.start({
    "one.example": { a: ["10.0.0.1"], aaaa: ["fd00::1"] },
    "_sip._udp.example": { srv: [{ target: "one.example", port: 5060 }] },
  });
  const balto = await start(streaming({ name: "dns", to: `udp://${dns.address}` }), { workers: 2 });
  const resolver = new Resolver({ timeout: 2_000, tries: 4 });
  resolver.setServers([`127.0.0.1:${await streamPort(balto, "dns")}`]);
  expect(await resolver.resolve4("one.example")).toEqual(["10.0.0.1"]);
  expect(await resolver.resolve6("one.example")).toEqual(["fd00::1"]);
  expect(await resolver.resolveSrv("_sip._udp.example")).toMatchObject([{ port: 5060 }]);
  await expect(resolver.resolve4("none.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
  const many = await Promise.all(
    Array.from({ length: 100 }, () => resolver.resolve4("one.example")),
  );
  expect(many.flat().every((ip) => ip === "10.0.0.1")).toBe(true);
  await stops(balto);
});

test("of two DNS servers one is killed, and every question is answered", async () => {
  const script = join(temporaryFolder(), "dns.mjs");
  writeFileSync(script, DNS_SERVER);
  const servers = await Promise.all([1, 2].map((last) => startDnsProcess(script, last)));
  const to = servers.map(({ port }) => `udp://127.0.0.1:${port}`);
  const balto = await start(streaming({ name: "dns", to, policy: { idleMs: 60_000 } }), {
    workers: 2,
  });
  const server = `127.0.0.1:${await streamPort(balto, "dns")}`;
  const ask = async (): Promise<string> => {
    // Of its own: a client that has not asked before.
    const resolver = new Resolver({ timeout: 2_000, tries: 4 });
    resolver.setServers([server]);
    return (await resolver.resolve4("any.example"))[0]!;
  };
  const answers = new Set<string>();
  for (let n = 0; n < 10; n++) answers.add(await ask());
  expect(answers).toEqual(new Set(["10.0.0.1", "10.0.0.2"]));
  servers[0]!.child.kill("SIGKILL");
  await servers[0]!.exit;
  for (let n = 0; n < 20; n++) expect(await ask()).toBe("10.0.0.2");
  await stops(balto);
});

test("a session stays with its backend, and every client gets its own answers", async () => {
  const tellers = [await startTeller("a"), await startTeller("b"), await startTeller("c")];
  const to = tellers.map(({ target }) => target);
  const balto = await start(streaming({ name: "s", to, policy: { idleMs: 60_000 } }), {
    workers: 2,
  });
  const port = await streamPort(balto, "s");
  const clients = await Promise.all(Array.from({ length: 12 }, () => UdpClient.to(port)));
  const backends = new Set<string>();
  for (const [n, client] of clients.entries()) {
    const [first] = (await client.ask(`${n}`)).split(":");
    backends.add(first!);
    for (let m = 0; m < 5; m++) expect(await client.ask(`${n}.${m}`)).toBe(`${first}:${n}.${m}`);
  }
  expect(backends.size).toBe(3);
  await stops(balto);
});

test("where the algorithm hashes, all of a client's sessions have the same backend", async () => {
  const tellers = [await startTeller("a"), await startTeller("b"), await startTeller("c")];
  const to = tellers.map(({ target }) => target);
  const pool = { algorithm: "consistent-hash" } as const;
  const balto = await start(streaming({ name: "s", to, pool, policy: { idleMs: 60_000 } }), {
    workers: 2,
  });
  const port = await streamPort(balto, "s");
  for (const address of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
    const names = new Set<string>();
    for (let n = 0; n < 5; n++) {
      const client = await UdpClient.to(port, address);
      names.add((await client.ask("x")).slice(0, 1));
    }
    expect(names.size).toBe(1);
  }
  await stops(balto);
});

test("idle sessions close their sockets, and those in use do not", async () => {
  const teller = await startTeller("a");
  const balto = await start(streaming({ name: "s", to: teller.target, policy: { idleMs: 800 } }));
  const port = await streamPort(balto, "s");
  const idle = await Promise.all(Array.from({ length: 20 }, () => UdpClient.to(port)));
  await Promise.all(idle.map((client) => client.ask("x")));
  const busy = await UdpClient.to(port);
  await busy.ask("x");
  expect(balto.connections()).toBe(21);
  const from = new Set<number>();
  teller.socket.on("message", (_, { port: at }) => from.add(at));
  await until("idle sessions closed", () => {
    busy.send("still here");
    return balto.connections() === 1;
  });
  expect(from.size).toBe(1);
  await until("the last session closed", () => balto.connections() === 0);
});

test("with as many sessions as may be, the one idle for longest makes room", async () => {
  const teller = await startTeller("a");
  const policy = { idleMs: 60_000, sessionsMax: 3 };
  const balto = await start(streaming({ name: "s", to: teller.target, policy }));
  const port = await streamPort(balto, "s");
  const clients = await Promise.all(Array.from({ length: 5 }, () => UdpClient.to(port)));
  for (const client of clients) {
    await client.ask("x");
    // A tick of the clock that sessions are told apart by.
    await sleep(5);
  }
  expect(balto.connections()).toBe(3);
  // Whoever had to go comes back, as anybody else would.
  expect(await clients[0]!.ask("y")).toBe("a:y");
  expect(balto.connections()).toBe(3);
  await stops(balto);
});

test("sessions take no more than half of the descriptors", async () => {
  const teller = await startTeller("a");
  const balto = await start(
    streaming({ name: "s", to: teller.target, policy: { idleMs: 60_000 } }),
    {
      descriptors: 120,
    },
  );
  const port = await streamPort(balto, "s");
  for (let n = 0; n < 80; n++) {
    const client = await UdpClient.to(port);
    expect(await client.ask(`${n}`)).toBe(`a:${n}`);
  }
  expect(balto.connections()).toBe(60);
  await stops(balto);
});

test("where nobody listens at a backend, its datagram goes to the next one", async () => {
  const gone = await startTeller("gone");
  gone.socket.close();
  const teller = await startTeller("here");
  const balto = await start(streaming({ name: "s", to: [gone.target, teller.target] }));
  const port = await streamPort(balto, "s");
  for (let n = 0; n < 10; n++) {
    const client = await UdpClient.to(port);
    client.send(`${n}`);
    await until("an answer", () => client.answers.length === 1);
    expect(client.answers[0]).toBe(`here:${n}`);
  }
  await balto.says("Connection failed");
  await stops(balto);
});

test("who is denied gets no answer", async () => {
  const teller = await startTeller("a");
  const policy = { deny: ["127.0.0.5/32"] };
  const balto = await start(streaming({ name: "s", to: teller.target, policy }));
  const port = await streamPort(balto, "s");
  const denied = await UdpClient.to(port, "127.0.0.5");
  denied.send("x");
  const admitted = await UdpClient.to(port);
  await admitted.ask("y");
  expect(denied.answers).toEqual([]);
  expect(balto.connections()).toBe(1);
  await stops(balto);
});

test("over a reload sessions go on, and new ones are led elsewhere", async () => {
  const [one, two] = [await startTeller("one"), await startTeller("two")];
  const listen = `127.0.0.1:${one.socket.address().port}`.replace("127.0.0.1", "127.0.0.2");
  const stream = (to: string) => streaming({ name: "s", listen, to, policy: { idleMs: 60_000 } });
  const path = published(stream(one.target));
  // One worker: with several, which of them gets a client may change with the number of sockets.
  const balto = await start(path);
  const port = await streamPort(balto, "s");
  const send = async (client: Socket): Promise<string> => {
    client.send("x", port, "127.0.0.2");
    const [answer] = (await once(client, "message")) as [Buffer];
    return answer.toString();
  };
  const client = createSocket("udp4");
  openEnd(() => client.close());
  expect(await send(client)).toBe("one:x");
  const reload = async (bytes: Uint8Array): Promise<void> => {
    const from = balto.log.length;
    publish(path, bytes);
    await balto.says("Artifact loaded", from);
  };
  await reload(stream(two.target));
  expect(await send(client)).toBe("one:x");
  const other = createSocket("udp4");
  openEnd(() => other.close());
  expect(await send(other)).toBe("two:x");
  await reload(streaming([]));
  expect(await send(client)).toBe("one:x");
  await reload(stream(two.target));
  expect(await send(client)).toBe("one:x");
  await stops(balto);
});
