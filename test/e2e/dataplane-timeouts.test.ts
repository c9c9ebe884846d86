// Limits in time: each ends what it is about, with the right answer or a cut, and nothing else.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { startDeafListener } from "../harness/deaf-listener.ts";
import { Truncated } from "../harness/message.ts";
import { ConnectionReset } from "../harness/peer.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { Pump } from "../harness/pump.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

const LARGE = 64 * 1024 * 1024;
/** Beyond a limit: Balto's ticks and a busy machine. */
const SLACK_MS = 3_000;

test("504 where the backend does not answer in time, and its connection is closed", async () => {
  const origin = await startOrigin(() => undefined);
  const balto = await start(serving({ to: origin, timeouts: { responseMs: 300 } }));
  const client = await Client.to(balto.port);
  for (const line of ["GET /", "POST /"]) {
    const startedAt = performance.now();
    const answer = await client.ask(line, [], line.startsWith("POST") ? "body" : "");
    expect([answer.status, answer.text]).toEqual([504, "gateway timeout\n"]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
    expect(answer.field("connection")).toBeUndefined();
  }
  await until("the aborts", () => origin.requests.every(({ isAborted }) => isAborted));
  expect(origin.requests.length, "a request that timed out is not repeated").toBe(2);
});

test("504 where half of the answer's head comes in time and the rest does not", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\nContent-");
  });
  const balto = await start(serving({ to: origin, timeouts: { responseMs: 300 } }));
  expect((await ask(balto.port, "GET /")).status).toBe(504);
});

test("504 where a connection to the backend does not come about in time", async () => {
  const port = await startDeafListener();
  const balto = await start(
    serving({ to: `http://127.0.0.1:${port}`, timeouts: { connectMs: 300 } }),
  );
  const client = await Client.to(balto.port);
  for (const body of ["", "x".repeat(100_000)]) {
    const startedAt = performance.now();
    const answer = await client.ask("PUT /", [], body);
    expect([answer.status, answer.text]).toEqual([504, "gateway timeout\n"]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300);
  }
});

test("a body that the backend stops sending ends in a cut, never as if it were whole", async () => {
  const heads = ["Content-Length: 100", "Transfer-Encoding: chunked", "Connection: close"];
  const origin = await startRawOrigin(async (peer) => {
    const { requestLine } = (await peer.request())!;
    await peer.send(`HTTP/1.1 200 OK\r\n${heads[Number(requestLine.charAt(5))]}\r\n\r\n5\r\nhello`);
  });
  const balto = await start(serving({ to: origin, timeouts: { readMs: 300 } }));
  for (const version of ["1.1", "1.0"]) {
    for (const [index, name] of heads.entries()) {
      const client = await Client.to(balto.port);
      await client.send(requestBytes(`GET /${index} HTTP/${version}`));
      const failure = await client.answer().catch((error: unknown) => error);
      const isCut = failure instanceof ConnectionReset || failure instanceof Truncated;
      expect(isCut, `${name} over ${version}: ${JSON.stringify(failure)}`).toBe(true);
      // HTTP/1.0 without a length can be told from a whole answer by a reset only.
      if (version === "1.0" && index > 0) expect(failure).toBeInstanceOf(ConnectionReset);
    }
  }
});

test("a body that is truncated by its backend ends in a cut, too", async () => {
  const heads = ["Content-Length: 100", "Transfer-Encoding: chunked"];
  const origin = await startRawOrigin(async (peer) => {
    const { requestLine } = (await peer.request())!;
    const [, index, how] = /\/(\d)\/(\w+)/.exec(requestLine)!;
    await peer.send(`HTTP/1.1 200 OK\r\n${heads[Number(index)]}\r\n\r\n5\r\nhello\r\n`);
    // What was sent has to arrive first: a reset may take it along.
    await sleep(100);
    if (how === "fin") peer.end();
    else if (how === "reset") peer.reset();
    else await peer.send("nonsense\r\n".repeat(20));
  });
  const balto = await start(serving({ to: origin }));
  for (const how of ["fin", "reset", "nonsense"]) {
    for (const index of [0, 1]) {
      // More bytes than the length says are not a truncated body.
      if (how === "nonsense" && index === 0) continue;
      for (const version of ["1.1", "1.0"]) {
        const client = await Client.to(balto.port);
        await client.send(requestBytes(`GET /${index}/${how} HTTP/${version}`));
        const failure = await client.answer().catch((error: unknown) => error);
        const isCut = failure instanceof ConnectionReset || failure instanceof Truncated;
        expect(isCut, `${how} ${index} ${version}: ${JSON.stringify(failure)}`).toBe(true);
        if (version === "1.0" && index === 1) expect(failure).toBeInstanceOf(ConnectionReset);
      }
    }
  }
});

test("an answer that ends with its connection is cut where that is reset", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
    await sleep(100);
    peer.reset();
  });
  const balto = await start(serving({ to: origin }));
  for (const version of ["1.1", "1.0"]) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes(`GET / HTTP/${version}`));
    const failure = await client.answer().catch((error: unknown) => error);
    const isCut = failure instanceof ConnectionReset || failure instanceof Truncated;
    expect(isCut, JSON.stringify(failure)).toBe(true);
  }
});

test("an answer that goes on slowly is not cut", async () => {
  const origin = await startOrigin(async (response) => {
    for (let n = 0; n < 8; n++) {
      response.write("x");
      await sleep(100);
    }
    response.end();
  });
  const balto = await start(serving({ to: origin, timeouts: { readMs: 400, responseMs: 400 } }));
  expect(await ask(balto.port, "GET /")).toMatchObject({ text: "xxxxxxxx" });
});

test("a client that does not read its answer is cut off after the write limit", async () => {
  const origin = await startRawOrigin();
  const balto = await start(serving({ to: origin }, { writeTimeoutMs: 500 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  const peer = await origin.peer(0);
  await peer.request();
  client.hold();
  await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
  const pump = new Pump(peer, LARGE);
  await until("no connection left", () => balto.connections() === 0, 500 + SLACK_MS + 2_000);
  await pump.done;
  await until("the backend's end", () => peer.ending !== undefined);
});

test("a client that reads slowly is not cut off", async () => {
  const bytes = 8 * 1024 * 1024;
  const origin = await startOrigin((response) => void response.end(Buffer.alloc(bytes)));
  const balto = await start(serving({ to: origin }, { writeTimeoutMs: 600 }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /"));
  const head = await client.head();
  let read = 0;
  for await (const chunk of client.body(head)) {
    read += chunk.length;
    // In steps of some hundred KiB, two seconds in all.
    client.hold();
    await sleep(read < bytes / 2 ? 30 : 0);
    client.release();
  }
  expect(read).toBe(bytes);
});

test("a backend that does not read the request is given up after the write limit", async () => {
  const origin = await startRawOrigin((peer) => peer.hold());
  const balto = await start(
    serving({ to: origin, timeouts: { writeMs: 500 } }, { readTimeoutMs: 60_000 }),
  );
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", [`Content-Length: ${LARGE}`]));
  const pump = new Pump(client, LARGE);
  const answer = await client.answer();
  expect([502, 504]).toContain(answer.status);
  client.close();
  await pump.done;
});

test("a client without a request is closed after the idle limit, before its first one and behind one", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, { idleTimeoutMs: 500 }));
  const fresh = await Client.to(balto.port);
  expect(await fresh.rest(500 + SLACK_MS)).toMatchObject({ ending: "fin", bytes: Buffer.alloc(0) });
  const used = await Client.to(balto.port);
  for (let n = 0; n < 4; n++) {
    await sleep(250);
    expect((await used.ask("GET /")).status).toBe(200);
  }
  expect(await used.rest(500 + SLACK_MS)).toMatchObject({ ending: "fin", bytes: Buffer.alloc(0) });
});

test("an idle client is no reason to close one that waits for its answer", async () => {
  const origin = await startOrigin(async (response) => {
    await sleep(1_500);
    response.end("late");
  });
  const balto = await start(
    serving({ to: origin }, { idleTimeoutMs: 300, readTimeoutMs: 300, writeTimeoutMs: 300 }),
  );
  expect(await ask(balto.port, "GET /")).toMatchObject({ text: "late" });
  expect(await ask(balto.port, "POST /", [], "body")).toMatchObject({ text: "late" });
});

test("408 for a head that is not complete after ten seconds, however steadily it comes", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin }, { idleTimeoutMs: 3_000 }));
  const slow = await Promise.all([0, 1].map(() => Client.to(balto.port)));
  const startedAt = performance.now();
  for (const client of slow) await client.send("GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ");
  while (performance.now() - startedAt < 9_500) {
    slow[1]!.post("x");
    // Others are served meanwhile.
    expect((await ask(balto.port, "GET /")).status).toBe(200);
    await sleep(500);
  }
  for (const client of slow) {
    const answer = await client.answer({ withinMs: 500 + SLACK_MS });
    expect([answer.status, answer.text, answer.field("connection")]).toEqual([
      408,
      "request timeout\n",
      "close",
    ]);
    expect((await client.rest()).ending).toBe("fin");
  }
});
