// Streams over TCP: bytes, ends and resets pass both ways as they are, with real programs and with peers
// that do what no program does.

import { createHash, randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { streaming } from "../harness/artifact.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import type { Peer } from "../harness/peer.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { connectTo, readBytes, startEcho, startProgram, streamPort } from "../harness/stream.ts";
import { sleep, until } from "../harness/until.ts";
import { freePort } from "../harness/free-port.ts";

/** So many connections are tried, or as many as there is time for; all 10,000 take a minute or two. */
const CONNECTIONS = Number(process.env["BALTO_STREAM_CONNECTIONS"] ?? 10_000);
const PLAY_MS = process.env["BALTO_STREAM_CONNECTIONS"] === undefined ? 20_000 : 600_000;

test("Redis is spoken to through a stream", async () => {
  const redis = await startRedis();
  const balto = await start(streaming({ name: "redis", to: `tcp://127.0.0.1:${redis.port}` }), {
    workers: 2,
  });
  const port = await streamPort(balto, "redis");
  const cli = (...words: string[]): string =>
    execFileSync("redis-cli", ["-p", String(port), ...words], { encoding: "utf8" }).trim();
  expect(cli("set", "key", "value")).toBe("OK");
  expect(cli("get", "key")).toBe("value");
  const script = Array.from({ length: 500 }, (_, n) => `set k${n} ${"x".repeat(n + 1)}\n`).join("");
  const pipelined = execFileSync("redis-cli", ["-p", String(port)], {
    input: `${script}dbsize\n`,
    encoding: "utf8",
  });
  expect(pipelined.trim().split("\n").at(-1)).toBe("501");
});

test("each side may end its half alone, and is still heard", async () => {
  const origin = await startRawOrigin();
  const balto = await start(streaming({ name: "s", to: `tcp://127.0.0.1:${origin.port}` }));
  const port = await streamPort(balto, "s");

  const first = await connectTo(port);
  await first.send("question");
  first.end();
  const backend = await origin.peer(0);
  expect((await backend.rest()).bytes.toString()).toBe("question");
  await backend.send("answer");
  backend.end();
  expect(await first.rest()).toEqual({ bytes: Buffer.from("answer"), ending: "fin" });

  const second = await connectTo(port);
  const other = await origin.peer(1);
  await other.send("greeting");
  other.end();
  expect(await second.rest()).toEqual({ bytes: Buffer.from("greeting"), ending: "fin" });
  await second.send("late word");
  second.end();
  expect((await other.rest()).bytes.toString()).toBe("late word");
});

test("a reset is passed on as a reset, both ways", async () => {
  const origin = await startRawOrigin();
  const balto = await start(streaming({ name: "s", to: `tcp://127.0.0.1:${origin.port}` }));
  const port = await streamPort(balto, "s");

  const client = await connectTo(port);
  await client.send("a");
  const backend = await origin.peer(0);
  await readBytes(backend, 1);
  client.reset();
  expect(await backend.rest()).toMatchObject({ ending: "reset" });

  const patient = await connectTo(port);
  await patient.send("b");
  const rude = await origin.peer(1);
  await readBytes(rude, 1);
  rude.reset();
  expect(await patient.rest()).toMatchObject({ ending: "reset" });
});

test("a client that is not read from is heard to reset all the same", async () => {
  const origin = await startRawOrigin((peer) => peer.hold());
  const balto = await start(streaming({ name: "s", to: `tcp://127.0.0.1:${origin.port}` }));
  const client = await connectTo(await streamPort(balto, "s"));
  const backend = await origin.peer(0);
  // More than all buffers on the way hold.
  client.post(Buffer.alloc(32 * 1024 * 1024));
  let before = -1;
  await until("the client held back", () => {
    const now = client.socket.bytesWritten - client.socket.writableLength;
    const isStill = now === before;
    before = now;
    return isStill;
  });
  await sleep(300);
  client.reset();
  backend.release();
  expect(await backend.rest()).toMatchObject({ ending: "reset" });
});

test("silence ends a connection, and bytes in either direction put it off", async () => {
  const origin = await startRawOrigin();
  const balto = await start(
    streaming({
      name: "s",
      to: `tcp://127.0.0.1:${origin.port}`,
      policy: { idleMs: 700 },
    }),
  );
  const port = await streamPort(balto, "s");
  const talker = await connectTo(port);
  const silent = await connectTo(port);
  const backend = await origin.peer(0);
  const end = performance.now() + 2_500;
  while (performance.now() < end) {
    await talker.send("x");
    await sleep(100);
  }
  expect(talker.ending).toBeUndefined();
  expect((await readBytes(backend, 10)).length).toBe(10);
  expect(await silent.rest()).toMatchObject({ ending: "reset" });
  expect(await talker.rest()).toMatchObject({ ending: "reset" });
});

test("a fast sender waits for a slow reader, and nothing is lost", async () => {
  const bytes = randomBytes(24 * 1024 * 1024);
  const origin = await startRawOrigin((peer) => {
    peer.hold();
  });
  const balto = await start(streaming({ name: "s", to: `tcp://127.0.0.1:${origin.port}` }));
  const before = balto.memoryBytes();
  const client = await connectTo(await streamPort(balto, "s"));
  client.post(bytes);
  client.end();
  const backend = await origin.peer(0);
  await sleep(500);
  expect(balto.memoryBytes() - before).toBeLessThan(16 * 1024 * 1024);
  backend.release();
  const { bytes: received, ending } = await backend.rest(30_000);
  expect(ending).toBe("fin");
  expect(digest(received)).toBe(digest(bytes));
});

test("where a backend cannot be reached the next one is tried, with what the client said first", async () => {
  const echo = await startEcho();
  const dead = `tcp://127.0.0.1:${await freePort()}`;
  const balto = await start(streaming({ name: "s", to: [dead, echo.target] }));
  const port = await streamPort(balto, "s");
  for (let n = 0; n < 20; n++) {
    const client = await connectTo(port);
    await client.send(`hello ${n}`);
    client.end();
    expect((await client.rest()).bytes.toString()).toBe(`hello ${n}`);
  }
});

test("without any backend a client is reset, and the next one is served once there is one", async () => {
  const port = await freePort();
  const balto = await start(
    streaming({ name: "s", to: `tcp://127.0.0.1:${port}`, pool: { breaker: undefined } }),
  );
  const at = await streamPort(balto, "s");
  const client = await connectTo(at).catch(() => undefined);
  if (client !== undefined) expect(await client.rest()).toMatchObject({ ending: "reset" });
  await balto.says("Connection failed");
  await startRedis(port);
  const again = await connectTo(at);
  await again.send("PING\r\n");
  expect((await readBytes(again, 7)).toString()).toBe("+PONG\r\n");
});

test("thousands of connections end with both digests right, whatever halves, pauses and resets come between", async () => {
  const origin = await startRawOrigin(async (peer) => void (await play(peer, 1)));
  const balto = await start(
    streaming({ name: "s", to: `tcp://127.0.0.1:${origin.port}`, pool: { breaker: undefined } }),
    { workers: 2 },
  );
  const port = await streamPort(balto, "s");
  const end = performance.now() + PLAY_MS;
  let count = 0;
  const results = { whole: 0, reset: 0 };
  const one = async (): Promise<void> => {
    while (count < CONNECTIONS && performance.now() < end) {
      count++;
      // The origin's reset may be there before the connection is seen to stand.
      const client = await connectTo(port).catch(() => undefined);
      if (client !== undefined && (await play(client, 0))) results.whole++;
      else results.reset++;
      client?.close();
    }
  };
  await Promise.all(Array.from({ length: 32 }, one));
  expect(results.whole + results.reset).toBe(count);
  expect(results.whole).toBeGreaterThan(count / 2);
  await until("every socket closed", () => balto.connections() === 0);
  // Nothing is left to be done for any of them.
  await until("it at rest", restsFor(balto, 500));
  balto.signal("SIGTERM");
  expect((await balto.ends()).code).toBe(0);
  const counted: Record<string, number> = {};
  for (const { causes } of balto.log.filter(({ message }) => message === "Stream served")) {
    for (const [cause, number] of Object.entries(causes as Record<string, number>)) {
      counted[cause] = (counted[cause] ?? 0) + number;
    }
  }
  // An origin may reset a connection before it is seen to stand.
  const known = ["backend-reset", "client-reset", "connect-failure", "finished"];
  expect(known).toEqual(expect.arrayContaining(Object.keys(counted)));
  expect(Object.values(counted).reduce((sum, number) => sum + number, 0)).toBe(count);
  expect(counted["finished"]).toBeGreaterThanOrEqual(results.whole);
}, 600_000);

/** True once it has used next to no processor time for so long. */
function restsFor(balto: DataPlane, ms: number): () => boolean {
  let since = performance.now();
  let used = balto.processorMs();
  return () => {
    if (performance.now() - since < ms) return false;
    const before = used;
    used = balto.processorMs();
    since = performance.now();
    return used - before <= ms / 10;
  };
}

function startRedis(port?: number): Promise<{ port: number }> {
  const args = (at: number): string[] =>
    `--port ${at} --bind 127.0.0.1 --appendonly no --loglevel warning --dir /tmp`.split(" ");
  return startProgram("redis-server", (at) => [...args(at), "--save", ""], port);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * One side of a conversation: sends some bytes with their digest in front, with pauses, ends or resets,
 * and checks what it gets.
 *
 * @returns false where one side has reset it
 */
async function play(peer: Peer, side: number): Promise<boolean> {
  const random = Math.random;
  const bytes = randomBytes(Math.floor(random() ** 3 * 400_000));
  const message = Buffer.concat([createHash("sha256").update(bytes).digest(), bytes]);
  const resets = random() < 0.08;
  const send = async (): Promise<void> => {
    for (let at = 0; at < message.length;) {
      const length = 1 + Math.floor(random() * 120_000);
      peer.post(message.subarray(at, at + length));
      at += length;
      if (random() < 0.3) await sleep(random() * 20);
      if (resets && random() < 0.5) return peer.reset();
    }
    if (resets) peer.reset();
    else peer.end();
  };
  if (random() < 0.3) {
    peer.hold();
    setTimeout(() => peer.release(), random() * 100);
  }
  // Either may speak only after it has heard all of the other.
  const isLast = side === 1 && random() < 0.3;
  const sent = isLast ? undefined : send();
  const { bytes: received, ending } = await peer.rest(60_000);
  await (sent ?? send());
  if (resets || ending === "reset") return false;
  const { socket } = peer;
  await until("all of it sent", () => socket.writableFinished || socket.destroyed, 60_000);
  expect(digest(received.subarray(32))).toBe(received.subarray(0, 32).toString("hex"));
  return true;
}
