// Hedging: a second backend is asked when the first takes too long, and the first good answer wins.

import { expect, test } from "vitest";

import { type RouteOptions, serving } from "../harness/artifact.ts";
import {
  answers,
  inOrder,
  neverAnswers,
  resets,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

/** Backends as they are asked, with a budget that does not count. */
async function hedging(
  backends: readonly { url: string }[],
  more: Partial<RouteOptions> = {},
): Promise<DataPlane> {
  return start(
    serving({
      to: inOrder(...backends),
      hedgeAfterMs: 100,
      retry: { budgetPercent: 1_000 },
      policy: { breaker: undefined },
      ...more,
    }),
  );
}

const slowOrigin = (name: string, ms: number): Promise<Origin> =>
  startOrigin(async (response) => {
    await sleep(ms);
    response.end(name);
  });

test.each(["GET", "HEAD", "OPTIONS"])(
  "a %s whose backend hangs is answered by another one, and called off at the first",
  async (method) => {
    const slow = await startOrigin(() => undefined);
    const quick = await startOrigin();
    const balto = await hedging([slow, quick]);
    expect((await ask(balto.port, `${method} /x?y=z`, ["X-A: b"])).status).toBe(200);
    expect(quick.requests[0]).toMatchObject({ method, target: "/x?y=z" });
    expect(quick.requests[0]!.field("x-a")).toBe("b");
    await until("the first called off", () => slow.requests[0]!.isAborted);
    // The one that won is kept.
    expect((await ask(balto.port, `${method} /`)).status).toBe(200);
    expect(quick.connections).toBe(1);
  },
);

test("the first may still win, and then the second is called off", async () => {
  const first = await slowOrigin("first", 400);
  const second = await startOrigin(() => undefined);
  const balto = await hedging([first, second]);
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200, text: "first" });
  await until("the second called off", () => second.requests[0]?.isAborted === true);
});

test("an answer that comes in time is all there is", async () => {
  const first = await startOrigin();
  const second = await startOrigin();
  const balto = await hedging([first, second], { hedgeAfterMs: 1_000 });
  const client = await Client.to(balto.port);
  for (let n = 0; n < 20; n++) expect((await client.ask("GET /")).status).toBe(200);
  await sleep(1_200);
  expect(second.requests.length).toBe(0);
});

test("requests that do something, or have a body, or become a tunnel, are not hedged", async () => {
  const first = await slowOrigin("first", 400);
  const second = await startOrigin();
  const balto = await hedging([first, second]);
  for (const [line, fields, body] of [
    ["POST /", [], ""],
    ["PUT /", [], ""],
    ["DELETE /", [], ""],
    ["GET /", [], "body"],
    ["GET /", ["Connection: upgrade", "Upgrade: websocket"], ""],
  ] as const) {
    expect(await ask(balto.port, line, fields, body)).toMatchObject({ text: "first" });
  }
  expect(second.requests.length).toBe(0);
});

test.each([
  ["fails with a status", answers(500)],
  ["resets", resets],
])("where the second %s, the first's answer is still waited for", async (_, misdeed) => {
  const first = await slowOrigin("first", 500);
  const second = await startBadBackend(misdeed);
  const balto = await hedging([first, second]);
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200, text: "first" });
  expect(second.requests.length).toBe(1);
});

test.each([
  ["fails with a status", answers(500)],
  ["resets", resets],
])("where the first %s behind the hedge, the second's answer is", async (_, misdeed) => {
  const first = await startBadBackend(async (peer, request) => {
    await sleep(1_500);
    await misdeed(peer, request);
  });
  const second = await slowOrigin("second", 2_000);
  const balto = await hedging([first, second]);
  expect(await ask(balto.port, "GET /")).toMatchObject({ status: 200, text: "second" });
});

test("where both fail the last one's failure is the answer, or is retried", async () => {
  const bad = await startBadBackend(async (peer, request) => {
    await sleep(1_500);
    await answers(503)(peer, request);
  });
  const worse = await startBadBackend(async (peer) => {
    await sleep(1_500);
    peer.reset();
  });
  const good = await startOrigin();
  const plain = await hedging([bad, worse]);
  expect([502, 503]).toContain((await ask(plain.port, "GET /")).status);
  const on = {
    connectFailure: true,
    reset: true,
    timeout: true,
    statuses: [{ first: 500, last: 599 }],
  };
  const retried = await hedging([bad, worse, good], {
    retry: { budgetPercent: 1_000, attempts: 1, on },
  });
  expect((await ask(retried.port, "GET /")).status).toBe(200);
});

test("there is one hedge a request, and one backend alone has none", async () => {
  const silent = await Promise.all([0, 1, 2].map(() => startBadBackend(neverAnswers)));
  const balto = await hedging(silent, { timeouts: { responseMs: 800 } });
  expect((await ask(balto.port, "GET /")).status).toBe(504);
  expect(silent.map(({ requests }) => requests.length)).toEqual([1, 1, 0]);
  const alone = await startBadBackend(neverAnswers);
  const other = await hedging([alone], { timeouts: { responseMs: 800 } });
  expect((await ask(other.port, "GET /")).status).toBe(504);
  expect(alone.requests.length).toBe(1);
});

test("hedges are taken off the retry budget", async () => {
  const first = await slowOrigin("first", 300);
  const second = await startOrigin();
  const balto = await hedging([first, second], { retry: { budgetPercent: 0 } });
  const startedAt = performance.now();
  const answered = await Promise.all(Array.from({ length: 30 }, () => ask(balto.port, "GET /")));
  expect(answered.every(({ status }) => status === 200)).toBe(true);
  // Nothing but the floor: three a second.
  expect(second.requests.length).toBeGreaterThan(0);
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(second.requests.length).toBeLessThanOrEqual(3 * (seconds + 1) + 1);
});

test("a client that leaves calls off both", async () => {
  const silent = await Promise.all([0, 1].map(() => startOrigin(() => undefined)));
  const balto = await hedging(silent);
  const client = await Client.to(balto.port);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await until("the hedge", () => silent[1]!.requests.length === 1);
  client.reset();
  await until("both called off", () => silent.every(({ requests }) => requests[0]!.isAborted));
});

test("many hedged requests at a time are each answered once and right", async () => {
  let count = 0;
  const flaky = (): Promise<Origin> =>
    startOrigin(async (response, { target }) => {
      if (count++ % 3 === 0) await sleep(300);
      response.end(target);
    });
  const origins = await Promise.all([flaky(), flaky(), flaky()]);
  const balto = await start(
    serving({ to: origins, hedgeAfterMs: 20, retry: { budgetPercent: 1_000 } }),
    { workers: 2 },
  );
  const clients = await Promise.all(Array.from({ length: 10 }, () => Client.to(balto.port)));
  const wrong: string[] = [];
  await Promise.all(
    clients.map(async (client, index) => {
      for (let n = 0; n < 30; n++) {
        const answer = await client.ask(`GET /${index}/${n}`);
        if (answer.status !== 200 || answer.text !== `/${index}/${n}`) wrong.push(answer.text);
      }
    }),
  );
  expect(wrong).toEqual([]);
});
