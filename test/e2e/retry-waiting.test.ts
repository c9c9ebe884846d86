// Waiting for a place at a full pool, and the limits on how long a request may take in all.

import { expect, test } from "vitest";

import { POOL_POLICY } from "../fixtures/artifact-model.ts";
import { serving } from "../harness/artifact.ts";
import {
  answers,
  neverAnswers,
  resets,
  RETRY_ALL,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startDeafListener } from "../harness/deaf-listener.ts";
import { startOrigin } from "../harness/origin.ts";
import { startRawOrigin } from "../harness/raw-origin.ts";
import { sleep, until } from "../harness/until.ts";

/** An origin that takes its time, and how many requests it had at once at most. */
async function startCountingOrigin(ms: number) {
  const count = { now: 0, most: 0 };
  const origin = await startOrigin(async (response, received) => {
    count.most = Math.max(count.most, ++count.now);
    await until("the request", () => received.isComplete);
    await sleep(ms);
    count.now--;
    response.end(received.body.toString() || "ok");
  });
  return { origin, count };
}

test("requests beyond what a backend may have wait for their turn, bodies and all", async () => {
  const { origin, count } = await startCountingOrigin(50);
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 2 },
      policy: { queue: { waitersMax: 100, timeoutMs: 10_000 } },
    }),
    { workers: 2 },
  );
  const large = "y".repeat(200_000);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const body = n % 3 === 0 ? "" : n % 3 === 1 ? `body ${n}` : large;
      return ask(balto.port, body === "" ? "GET /" : "POST /", [], body).then((answer) => [
        answer.status,
        answer.text === (body || "ok"),
      ]);
    }),
  );
  expect(answers).toEqual(Array(20).fill([200, true]));
  expect(count.most).toBe(2);
});

test("those beyond the queue are turned away, and those in it when they have waited too long", async () => {
  const { origin } = await startCountingOrigin(3_000);
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 1 },
      policy: { queue: { waitersMax: 2, timeoutMs: 300 } },
    }),
  );
  const served = ask(balto.port, "GET /");
  await origin.request(0);
  const waiting = [ask(balto.port, "GET /"), ask(balto.port, "PUT /", [], "body")];
  await sleep(150);
  const shed = await ask(balto.port, "GET /");
  expect([shed.status, shed.text]).toEqual([503, "no backend available\n"]);
  for (const { status, text } of await Promise.all(waiting)) {
    expect([status, text]).toEqual([503, "no backend available\n"]);
  }
  expect(origin.requests[0]!.isAborted).toBe(false);
  expect((await served).status).toBe(200);
  expect(origin.requests.length).toBe(1);
});

test("requests that wait, for a place or for a connection, leave no byte in the answers of others", async () => {
  const streaming = await startOrigin(async (response) => {
    for (let n = 0; n < 100; n++) {
      response.write(`line ${n}\n`);
      await sleep(5);
    }
    response.end();
  });
  const full = await startOrigin((response) => void response.write("endless"));
  const deaf = `http://127.0.0.1:${await startDeafListener()}`;
  const balto = await start(
    serving([
      { to: streaming, pattern: "/stream" },
      { to: { url: full.url, connectionsMax: 1 }, pattern: "/full" },
      { to: deaf, pattern: "/deaf", timeouts: { connectMs: 500 } },
    ]),
  );
  const holder = await Client.to(balto.port);
  await holder.send(requestBytes("GET /full"));
  await holder.head();
  const streams = Array.from({ length: 5 }, () => ask(balto.port, "GET /stream"));
  const waiting: Promise<number>[] = [];
  for (let n = 0; n < 40; n++) {
    const line = n % 2 === 0 ? "GET /full" : "PUT /deaf";
    waiting.push(ask(balto.port, line).then(({ status }) => status));
    await sleep(10);
  }
  const whole = Array.from({ length: 100 }, (_, n) => `line ${n}\n`).join("");
  for (const { text } of await Promise.all(streams)) expect(text).toBe(whole);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([503, 504]));
});

test("without a queue a full pool turns away at once", async () => {
  const { origin } = await startCountingOrigin(1_000);
  const policy = { queue: { waitersMax: 0, timeoutMs: 10_000 } };
  const balto = await start(serving({ to: { url: origin.url, connectionsMax: 1 }, policy }));
  const served = ask(balto.port, "GET /");
  await origin.request(0);
  expect((await ask(balto.port, "GET /")).status).toBe(503);
  expect((await served).status).toBe(200);
});

test("a client that leaves the queue lets the next one move up", async () => {
  const { origin } = await startCountingOrigin(3_000);
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 1 },
      policy: { queue: { waitersMax: 1, timeoutMs: 10_000 } },
    }),
  );
  const served = ask(balto.port, "GET /");
  await origin.request(0);
  const leaving = await Client.to(balto.port);
  await leaving.send(requestBytes("GET /left"));
  await until("it waits", () => balto.connections() >= 3);
  leaving.reset();
  await until("it has left", () => balto.connections() <= 2);
  expect((await ask(balto.port, "GET /next")).status).toBe(200);
  expect((await served).status).toBe(200);
  expect(origin.requests.map(({ target }) => target)).toEqual(["/", "/next"]);
});

test("503 where the breaker of every backend is open", async () => {
  const backends = await Promise.all([resets, resets].map(startBadBackend));
  const breaker = { ...POOL_POLICY.breaker!, failureThreshold: 2, timeoutMs: 60_000 };
  const balto = await start(serving({ to: backends, policy: { breaker } }));
  const client = await Client.to(balto.port);
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push((await client.ask("GET /")).status);
  expect(statuses).toEqual([502, 502, 502, 502, 503, 503]);
});

test.each([
  ["a stream", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200],
  ["a tunnel", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 101],
])("%s that goes on does not keep a half-open breaker from closing", async (_, long, status) => {
  let isWell = false;
  const backend = await startBadBackend(async (peer, request) => {
    if (!isWell) peer.reset();
    else if (request.requestLine.startsWith("GET /long")) await peer.send(long);
    else await answers(200, "ok")(peer, request);
  });
  const breaker = {
    ...POOL_POLICY.breaker!,
    failureThreshold: 2,
    successThreshold: 3,
    timeoutMs: 200,
    halfOpenRequestsMax: 1,
  };
  const balto = await start(serving({ to: backend, policy: { breaker } }));
  const client = await Client.to(balto.port);
  for (let n = 0; n < 2; n++) await client.ask("GET /");
  await balto.says("Circuit breaker opened");
  isWell = true;
  const stream = await Client.to(balto.port);
  for (let answered = 0; answered !== status; await sleep(50)) {
    await stream.send(requestBytes("GET /long", ["Connection: Upgrade", "Upgrade: websocket"]));
    const head = await stream.head();
    answered = head.status;
    if (answered === 503) for await (const chunk of stream.body(head)) void chunk;
  }
  for (let fine = 0; fine < 3; await sleep(20)) {
    if ((await client.ask("GET /")).status === 200) fine++;
  }
  await balto.says("Circuit breaker closed");
  expect(stream.ending, "it goes on").toBeUndefined();
});

test("timeouts.request ends a request however many attempts it has left", async () => {
  const silent = await startBadBackend(neverAnswers);
  const balto = await start(
    serving({
      to: silent,
      retry: { ...RETRY_ALL, attempts: 10, perTryTimeoutMs: 200 },
      timeouts: { requestMs: 700 },
      policy: { breaker: undefined },
    }),
  );
  for (const body of ["", "body"]) {
    const startedAt = performance.now();
    const answer = await ask(balto.port, "PUT /", [], body);
    expect([answer.status, answer.text]).toEqual([504, "gateway timeout\n"]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(700);
  }
  expect(silent.requests.length).toBeGreaterThan(2);
  expect(silent.requests.length).toBeLessThan(10);
});

test("timeouts.request ends a request in the pause between attempts, and one that waits", async () => {
  const bad = await startBadBackend(resets);
  const backoff = { initialMs: 60_000, maxMs: 60_000, multiplierPercent: 100, jitterPercent: 0 };
  const pausing = await start(
    serving({ to: bad, retry: { ...RETRY_ALL, backoff }, timeouts: { requestMs: 300 } }),
  );
  expect((await ask(pausing.port, "GET /")).status).toBe(504);
  expect(bad.requests.length).toBe(1);

  // Its head has come, so that the first request may go on, and keeps the only place.
  const origin = await startOrigin((response) => void response.write("endless"));
  const waiting = await start(
    serving({
      to: { url: origin.url, connectionsMax: 1 },
      timeouts: { requestMs: 300 },
      policy: { queue: { waitersMax: 10, timeoutMs: 60_000 } },
    }),
  );
  const first = await Client.to(waiting.port);
  await first.send(requestBytes("GET /"));
  expect((await first.head()).status).toBe(200);
  const all = await Promise.all([0, 1, 2].map(() => ask(waiting.port, "PUT /", [], "body")));
  expect(all.map(({ status }) => status)).toEqual([504, 504, 504]);
  expect(first.ending).toBeUndefined();
  expect(origin.requests.length).toBe(1);
});

test("timeouts.request says nothing of how long an answer's body takes", async () => {
  const origin = await startOrigin(async (response) => {
    for (let n = 0; n < 10; n++) {
      response.write("x");
      await sleep(100);
    }
    response.end();
  });
  const balto = await start(serving({ to: origin, timeouts: { requestMs: 400 } }));
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200, text: "xxxxxxxxxx" });
});

test("timeouts.request is the client's fault where its body is what is missing", async () => {
  const origin = await startOrigin();
  const balto = await start(serving({ to: origin, timeouts: { requestMs: 400 } }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /", ["Content-Length: 100"], "half"));
  expect((await client.answer()).status).toBe(408);
  expect((await client.rest()).ending).toBe("fin");
});

test("timeouts.tunnel is how long an upgraded connection may be silent", async () => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request();
    await peer.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    for (;;) {
      const bytes = await peer.read();
      if (bytes === undefined) return;
      await peer.send(bytes);
    }
  });
  const balto = await start(serving({ to: origin, timeouts: { tunnelMs: 600 } }));
  const client = await Client.to(balto.port);
  await client.send(requestBytes("GET /", ["Connection: Upgrade", "Upgrade: websocket"]));
  expect((await client.head()).status).toBe(101);
  const startedAt = performance.now();
  for (let n = 0; n < 5; n++) {
    await sleep(250);
    await client.send("hello");
    expect((await client.read())!.toString()).toBe("hello");
  }
  expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  await until("no connection left", () => balto.connections() === 0);
  await until("the client's end", () => client.ending !== undefined);
});

test("a tunnel counts as a request of its backend until it ends, and no longer", async () => {
  const origin = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request();
      if (request === undefined) return;
      if (request.field("upgrade") === undefined) {
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        continue;
      }
      await peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      await peer.rest(60_000);
      return peer.close();
    }
  });
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 1 },
      policy: { queue: { waitersMax: 0, timeoutMs: 0 } },
    }),
  );
  for (const leave of [(one: Client) => one.reset(), (one: Client) => one.close()]) {
    const client = await Client.to(balto.port);
    await client.send(requestBytes("GET /", ["Connection: Upgrade", "Upgrade: websocket"]));
    expect((await client.head()).status).toBe(101);
    expect((await ask(balto.port, "GET /")).status).toBe(503);
    leave(client);
    await until("the tunnel's end", () => balto.connections() === 0);
    expect((await ask(balto.port, "GET /")).status).toBe(200);
    await until("an idle backend", () => balto.connections() <= 1);
  }
});

test("places that failures and clients who left have held are given back", async () => {
  let n = 0;
  const origin = await startRawOrigin(async (peer) => {
    for (;;) {
      const request = await peer.request(60_000).catch(() => undefined);
      if (request === undefined) return;
      const turn = request.requestLine.startsWith("GET /fine") ? 4 : n++ % 5;
      if (turn === 0) return peer.reset();
      if (turn === 1) await peer.send("nonsense\r\n\r\n");
      else if (turn === 2) await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
      else if (turn === 3) await sleep(20);
      if (turn < 3) return peer.reset();
      await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 4 },
      policy: { queue: { waitersMax: 100, timeoutMs: 3_000 }, breaker: undefined },
    }),
    { workers: 2 },
  );
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const client = await Client.to(balto.port);
      if (index % 4 === 0) {
        await client.send(requestBytes("GET /", index % 8 === 0 ? [] : ["Content-Length: 9"]));
        await sleep(index % 50);
        client.reset();
      } else {
        await client.ask("GET /").catch(() => undefined);
        client.close();
      }
    }),
  );
  // All four places are free: four at once get through.
  const fine = await Promise.all([0, 1, 2, 3].map(() => ask(balto.port, "GET /fine")));
  expect(fine.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  await until("all but idle connections gone", () => balto.connections() <= 4);
});
