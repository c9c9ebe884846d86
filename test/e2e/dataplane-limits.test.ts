// Limits of `server.limits` and `max_body`: each at one below, at and one over it, and after a reload.

import { expect, test } from "vitest";

import { compiled, publish, published, serving } from "../harness/artifact.ts";
import { type Answer, ask, Client, requestBytes } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const HOST = "Host: a.test\r\n";

/** A request whose head has so many bytes. */
function headOf(bytes: number): string {
  const bare = `GET / HTTP/1.1\r\n${HOST}A: \r\n\r\n`.length;
  return `GET / HTTP/1.1\r\n${HOST}A: ${"a".repeat(bytes - bare)}\r\n\r\n`;
}

/** A request whose target has so many. */
function targetOf(bytes: number): string {
  return `GET /${"a".repeat(bytes - 1)} HTTP/1.1\r\n${HOST}\r\n`;
}

/** A request with so many fields. */
function fieldsOf(count: number): string {
  return `GET / HTTP/1.1\r\n${HOST}${"A: 1\r\n".repeat(count - 1)}\r\n`;
}

async function sent(balto: DataPlane, bytes: string): Promise<Answer> {
  const client = await Client.to(balto.port);
  await client.send(bytes);
  const answer = await client.answer();
  client.close();
  return answer;
}

/** The statuses of a request at one below, at and one over a limit. */
async function around(
  balto: DataPlane,
  requestOf: (size: number) => string,
  limit: number,
): Promise<number[]> {
  const statuses: number[] = [];
  for (const size of [limit - 1, limit, limit + 1]) {
    statuses.push((await sent(balto, requestOf(size))).status);
  }
  return statuses;
}

/** A backend that takes heads of any size. */
async function startTolerant() {
  return startRawOrigin(async (peer) => {
    while ((await peer.request()) !== undefined) {
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
}

test("head, target and fields, as they are set, and as they are set anew", async () => {
  const origin = await startTolerant();
  const path = published(
    serving({ to: origin }, { limits: { headBytesMax: 2_000, targetBytesMax: 300, fieldsMax: 5 } }),
  );
  const balto = await start(path, { workers: 2 });
  expect(await around(balto, headOf, 2_000)).toEqual([200, 200, 431]);
  expect(await around(balto, targetOf, 300)).toEqual([200, 200, 414]);
  expect(await around(balto, fieldsOf, 5)).toEqual([200, 200, 431]);
  // A head that is longer than any, and comes in pieces.
  const kept = await Promise.all([0, 1, 2, 3].map(() => Client.to(balto.port)));
  for (const client of kept) await client.send(targetOf(400).slice(0, 200));

  const most = { headBytesMax: 65_536, targetBytesMax: 65_536, fieldsMax: 1_000 };
  publish(path, serving({ to: origin }, { limits: most }));
  await balto.says("Artifact loaded");
  // The new limits hold for heads that began under the old ones, too.
  for (const client of kept) {
    await client.send(targetOf(400).slice(200));
    expect((await client.answer()).status).toBe(200);
  }
  expect(await around(balto, headOf, 65_536)).toEqual([200, 200, 431]);
  expect(await around(balto, fieldsOf, 1_000)).toEqual([200, 200, 431]);
  const bare = targetOf(1).length - 1;
  expect(await around(balto, targetOf, 65_536 - bare)).toEqual([200, 200, 431]);
  expect((await sent(balto, targetOf(65_537))).status).toBe(414);

  publish(path, serving({ to: origin }, { limits: { headBytesMax: 1_024 } }));
  await balto.says("Artifact loaded", balto.log.length);
  expect(await around(balto, headOf, 1_024)).toEqual([200, 200, 431]);
  expect((await kept[0]!.ask(`GET /${"a".repeat(2_000)}`)).status, "no longer than a head").toBe(
    414,
  );
});

test("a path of the largest size is normalised within its scratch", async () => {
  const origin = await startTolerant();
  const most = { headBytesMax: 65_536, targetBytesMax: 65_536 };
  const balto = await start(serving({ to: origin }, { limits: most }));
  const target = `/%61${"/./a".repeat(16_000)}`;
  expect((await sent(balto, `GET ${target} HTTP/1.1\r\n${HOST}\r\n`)).status).toBe(200);
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const parameters = `/${names.map((name) => `:${name}`).join("/")}`;
  const other = await start(serving({ to: origin, pattern: parameters }, { limits: most }));
  // What is copied into X-Param fields comes on top of the target.
  const long = `/${names.map((name) => name.repeat(8_000)).join("/")}`;
  expect((await sent(other, `GET ${long} HTTP/1.1\r\n${HOST}\r\n`)).status).toBe(200);
});

test("header_timeout, and a shorter one after a reload", async () => {
  const path = published(
    serving({ to: "http://127.0.0.1:9" }, { limits: { headerTimeoutMs: 1_500 } }),
  );
  const balto = await start(path);
  const timed = async (): Promise<number> => {
    const client = await Client.to(balto.port);
    await client.send("GET / HTTP/1.1\r\nHost: a");
    const startedAt = performance.now();
    const answer = await client.answer();
    expect([answer.status, answer.field("connection")]).toEqual([408, "close"]);
    return performance.now() - startedAt;
  };
  const inTime = await Client.to(balto.port);
  await inTime.send("GET /health HTTP/1.1\r\n");
  await sleep(1_000);
  await inTime.send(`${HOST}\r\n`);
  expect((await inTime.answer()).status).toBe(200);
  expect(await timed()).toBeGreaterThanOrEqual(1_500);
  publish(path, serving({ to: "http://127.0.0.1:9" }, { limits: { headerTimeoutMs: 200 } }));
  await balto.says("Artifact loaded");
  const took = await timed();
  expect(took).toBeGreaterThanOrEqual(200);
  expect(took).toBeLessThan(1_500);
});

test("requests_per_connection: the last answer says close, and nothing behind it is served", async () => {
  const origin = await startOrigin();
  const path = published(serving({ to: origin }, { limits: { connectionRequestsMax: 3 } }));
  const balto = await start(path);
  const client = await Client.to(balto.port);
  const closes: unknown[] = [];
  for (let n = 0; n < 3; n++) closes.push((await client.ask("GET /")).field("connection"));
  expect(closes).toEqual([undefined, undefined, "close"]);
  expect(await client.rest()).toMatchObject({ ending: "fin", bytes: Buffer.alloc(0) });

  const pipelining = await Client.to(balto.port);
  // Answers of Balto's own count, too.
  pipelining.post(`GET /health HTTP/1.1\r\n${HOST}\r\n`.repeat(5));
  for (const closing of [undefined, undefined, "close"]) {
    expect((await pipelining.answer()).field("connection")).toBe(closing);
  }
  expect((await pipelining.rest()).bytes.length).toBe(0);

  const standing = await Client.to(balto.port);
  for (let n = 0; n < 2; n++) await standing.ask("GET /");
  publish(path, serving({ to: origin }, { limits: { connectionRequestsMax: 1 } }));
  await balto.says("Artifact loaded");
  expect((await standing.ask("GET /")).field("connection")).toBe("close");
  publish(path, serving({ to: origin }));
  await balto.says("Artifact loaded", balto.log.length);
  const free = await Client.to(balto.port);
  for (let n = 0; n < 20; n++) {
    expect((await free.ask("GET /")).field("connection")).toBeUndefined();
  }
});

test("max_body with a length: 413 at once, the backend hears nothing, the connection is kept", async () => {
  const origin = await startOrigin();
  const balto = await start(
    serving([
      { to: origin, pattern: "/small/*", bodyBytesMax: 10 },
      { to: origin, pattern: "/any/*" },
    ]),
  );
  const client = await Client.to(balto.port);
  for (const [bytes, status] of [
    [9, 200],
    [10, 200],
    [11, 413],
    [0, 200],
    [5_000, 413],
    [10, 200],
  ] as const) {
    const answer = await client.ask("PUT /small/x", [], "x".repeat(bytes));
    expect(answer.status, `${bytes} bytes`).toBe(status);
    if (status === 413) expect(answer.text).toBe("content too large\n");
  }
  expect((await client.ask("PUT /any/x", [], "x".repeat(100_000))).status).toBe(200);
  expect(origin.requests.map(({ bodyBytes }) => bodyBytes)).toEqual([9, 10, 0, 10, 100_000]);
  // Before the body comes, however long it would be.
  const patient = await Client.to(balto.port);
  await patient.send(requestBytes("PUT /small/x", ["Content-Length: 9007199254740991"]));
  expect((await patient.answer()).status).toBe(413);
  const asking = await Client.to(balto.port);
  await asking.send(requestBytes("PUT /small/x", ["Expect: 100-continue", "Content-Length: 11"]));
  const refused = await asking.answer();
  expect([refused.status, refused.field("connection")]).toEqual([413, "close"]);
  expect((await asking.rest()).bytes.length).toBe(0);
  expect(origin.requests.length).toBe(5);
});

test("max_body without a length: 413 when it is passed, and the backend's request is never whole", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, bodyBytesMax: 10 }));
  const client = await Client.to(balto.port);
  const chunked = ["Transfer-Encoding: chunked"];
  // On a new backend connection, and on one that is there already.
  for (const [chunks, status] of [
    ["5\r\nhello\r\n4\r\nabcd\r\n", 200],
    ["5;x=y\r\nhello\r\n5\r\nabcde\r\n", 200],
    ["5\r\nhello\r\n6\r\nabcdef\r\n", 413],
    ["a\r\n0123456789\r\n", 200],
    ["b\r\n0123456789a\r\n", 413],
  ] as const) {
    const answer = await client.ask("POST /", chunked, `${chunks}0\r\n\r\n`);
    expect([answer.status, answer.field("connection")], chunks).toEqual([status, undefined]);
  }
  // In pieces: the backend has had the first of them.
  const before = origin.requests.length;
  await client.send(requestBytes("POST /", chunked, "5\r\nhello\r\n"));
  await origin.request(before);
  await client.send("5\r\nabcde\r\n");
  await sleep(50);
  await client.send("1\r\nx\r\n");
  expect((await client.answer()).status).toBe(413);
  await client.send("3\r\nand\r\n0\r\n\r\n");
  expect((await client.ask("POST /", chunked, "1\r\nx\r\n0\r\n\r\n")).status).toBe(200);
  await until("the abort", () => origin.requests.every((r) => r.isComplete || r.isAborted));
  const whole = origin.requests.filter(({ isComplete }) => isComplete);
  expect(whole.map(({ bodyBytes }) => bodyBytes)).toEqual([9, 10, 10, 1]);
});

test("max_body: of an endless body 64 KiB are read behind the 413, then the connection ends", async () => {
  const origin = await startOrigin(undefined, { dropsBodies: true });
  const balto = await start(serving({ to: origin, bodyBytesMax: 100_000 }));
  const client = await Client.to(balto.port);
  client.post(requestBytes("POST /", ["Transfer-Encoding: chunked"], ""));
  const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
  client.post(chunk);
  // The backend has to know of the request before it can see that it is broken off.
  await origin.request(0);
  for (let n = 1; n < 26; n++) client.post(chunk);
  const answer = await client.answer();
  expect([answer.status, answer.text]).toEqual([413, "content too large\n"]);
  for (let n = 0; n < 250; n++) client.post(chunk);
  expect((await client.rest()).bytes.length).toBe(0);
  await until("the abort", () => origin.requests.every(({ isAborted }) => isAborted));
  expect(origin.requests[0]!.isComplete).toBe(false);
  expect(origin.requests[0]!.bodyBytes).toBeLessThanOrEqual(100_000);
});

test("max_body at 1 MiB, byte by byte exact, whatever the framing and the size of writes", async () => {
  const origin = await startOrigin(undefined, { dropsBodies: true });
  const balto = await start(
    compiled({
      "services/a.yaml": `domain: "*"\npath_prefix: /*\nports: ["${origin.url}"]\nmax_body: 1MiB\n`,
    }),
  );
  const limit = 1024 * 1024;
  for (const [bytes, status] of [
    [limit - 1, 200],
    [limit, 200],
    [limit + 1, 413],
  ] as const) {
    expect((await ask(balto.port, "PUT /", [], Buffer.alloc(bytes, "x"))).status).toBe(status);
    const body = Buffer.concat([
      Buffer.from(`${bytes.toString(16)}\r\n`),
      Buffer.alloc(bytes, "x"),
      Buffer.from("\r\n0\r\n\r\n"),
    ]);
    const answer = await ask(balto.port, "PUT /", ["Transfer-Encoding: chunked"], body);
    expect(answer.status, `${bytes} bytes, chunked`).toBe(status);
  }
});
