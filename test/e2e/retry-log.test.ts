// What the log says of requests that could not be served.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import {
  answers,
  inOrder,
  neverAnswers,
  resets,
  RETRY_ALL,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client, requestBytes } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { freePort } from "../harness/free-port.ts";
import { startOrigin } from "../harness/origin.ts";
import { until } from "../harness/until.ts";

const failures = (balto: DataPlane) =>
  balto.log.filter(({ message }) => message === "Request failed");

test("a line says whose doing it is, why, after how many attempts, where, and what was answered", async () => {
  const bad = await startBadBackend(resets);
  const worse = await startBadBackend(neverAnswers);
  const balto = await start(
    serving({
      name: "shop",
      pattern: "/shop/*",
      to: inOrder(bad, worse),
      retry: { ...RETRY_ALL, attempts: 1 },
      timeouts: { responseMs: 200 },
    }),
  );
  expect((await ask(balto.port, "GET /shop/cart?token=secret")).status).toBe(504);
  const line = await balto.says("Request failed");
  expect(line).toMatchObject({
    level: "warn",
    module: "proxy",
    side: "backend",
    cause: "response timeout",
    attempts: 2,
    backend: worse.url,
    breaker: "closed",
    service: "shop",
    route: "/shop/*",
    status: 504,
    request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    failures: 1,
  });
  expect(JSON.stringify(line), "nothing of the request itself").not.toContain("secret");
});

test.each<[string, () => Promise<{ to: string; cause: RegExp; status: number }>]>([
  [
    "refuses connections",
    async () => ({
      to: `http://127.0.0.1:${await freePort()}`,
      cause: /^ECONNREFUSED$/,
      status: 502,
    }),
  ],
  [
    "resets",
    async () => ({ to: (await startBadBackend(resets)).url, cause: /^ECONNRESET$/, status: 502 }),
  ],
  [
    "closes",
    async () => ({
      to: (await startBadBackend((peer) => peer.end())).url,
      cause: /closed before its answer/,
      status: 502,
    }),
  ],
  [
    "speaks nonsense",
    async () => ({
      to: (await startBadBackend((peer) => peer.send("SSH-2.0-x\r\n"))).url,
      cause: /grammar/,
      status: 502,
    }),
  ],
  [
    "breaks its answer off",
    async () => ({
      to: (
        await startBadBackend(async (peer) => {
          await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
          peer.end();
        })
      ).url,
      cause: /broken off/,
      status: 0,
    }),
  ],
])("a backend that %s is named as the cause", async (_, backend) => {
  const { to, cause, status } = await backend();
  const balto = await start(serving({ to }));
  await ask(balto.port, "GET /").catch(() => undefined);
  const line = await balto.says("Request failed");
  expect(line).toMatchObject({ side: "backend", attempts: 1, backend: to, status });
  expect(line["cause"]).toMatch(cause);
});

test("clients are named where it is their doing", async () => {
  const origin = await startOrigin((response, { target }) => {
    if (target !== "/hang") response.end("ok");
  });
  const balto = await start(serving({ to: origin, bodyBytesMax: 1_000 }, { readTimeoutMs: 300 }));
  const gone = await Client.to(balto.port);
  await gone.send(requestBytes("GET /hang"));
  await origin.request(0);
  gone.reset();
  await until("a line for one that left", () => failures(balto).length === 1);
  const slow = await Client.to(balto.port);
  await slow.send(requestBytes("POST /hang", ["Content-Length: 10"], "half"));
  expect((await slow.answer()).status).toBe(408);
  const wrong = await Client.to(balto.port);
  await wrong.send(requestBytes("POST /hang", ["Transfer-Encoding: chunked"], "nonsense\r\n"));
  expect((await wrong.answer()).status).toBe(400);
  await until("a line for each", () => failures(balto).length === 3);
  expect(failures(balto).map(({ side, status }) => [side, status])).toEqual([
    ["client", 499],
    ["client", 408],
    ["client", 400],
  ]);
});

test("what works in the end is not told, nor what a backend answers of its own accord", async () => {
  const bad = await startBadBackend(resets);
  const good = await startOrigin();
  const refusing = await startBadBackend(answers(503));
  const balto = await start(
    serving([
      { to: inOrder(bad, good), retry: RETRY_ALL, pattern: "/good" },
      { to: refusing, pattern: "/refusing" },
    ]),
  );
  expect((await ask(balto.port, "GET /good")).status).toBe(200);
  expect((await ask(balto.port, "GET /refusing")).status).toBe(503);
  expect((await ask(balto.port, "GET /nowhere")).status).toBe(404);
  // Behind it nothing of the others can come.
  const client = await Client.to(balto.port);
  await client.send(requestBytes("POST /good", ["Transfer-Encoding: chunked"], "nonsense\r\n"));
  await client.answer();
  const line = await balto.says("Request failed");
  expect(line["side"]).toBe("client");
  expect(failures(balto).length).toBe(1);
});

test("a flood of failures is a few lines that count all of it", async () => {
  const balto = await start(
    serving({ to: `http://127.0.0.1:${await freePort()}`, policy: { breaker: undefined } }),
  );
  const client = await Client.to(balto.port);
  const startedAt = performance.now();
  let asked = 0;
  while (performance.now() - startedAt < 2_500) {
    await client.ask("GET /");
    asked++;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(failures(balto).length).toBeGreaterThanOrEqual(2);
  expect(failures(balto).length).toBeLessThanOrEqual(seconds + 1);
  const told = failures(balto).reduce((sum, line) => sum + Number(line["failures"]), 0);
  expect(told).toBeGreaterThan(asked / 4);
  expect(told).toBeLessThanOrEqual(asked);
});
