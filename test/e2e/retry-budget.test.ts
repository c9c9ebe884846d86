// The retry budget: where everything fails, retries do not multiply the load.

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import {
  answers,
  type BadBackend,
  resets,
  RETRY_ALL,
  startBadBackend,
} from "../harness/bad-backends.ts";
import { ask, Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";
import { json, LOCAL, TOKEN } from "./admin-plane.ts";

const BUDGET = 0.2;
/** Retries a second that are always allowed, of all workers together. */
const FLOOR = 3;
const WORKERS = 2;
const CLIENTS = 16;

/** Asks so often over several connections; gives how many requests there were and how long it took. */
async function load(port: number, each: number): Promise<{ requests: number; seconds: number }> {
  const startedAt = performance.now();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => Client.to(port)));
  await Promise.all(
    clients.map(async (client) => {
      for (let n = 0; n < each; n++) await client.ask("GET /");
      client.close();
    }),
  );
  return { requests: CLIENTS * each, seconds: (performance.now() - startedAt) / 1_000 };
}

const attemptsOf = (backends: readonly BadBackend[]): number =>
  backends.reduce((sum, { requests }) => sum + requests.length, 0);

test.each([
  ["answers 503", answers(503)],
  ["resets", resets],
])(
  "where every backend %s, attempts stay within the requests and the budget",
  async (_, misdeed) => {
    const backends = await Promise.all([misdeed, misdeed, misdeed].map(startBadBackend));
    const balto = await start(
      serving({
        to: backends,
        retry: { ...RETRY_ALL, attempts: 3, budgetPercent: BUDGET * 100 },
        policy: { breaker: undefined },
      }),
      { workers: WORKERS },
    );
    const { requests, seconds } = await load(balto.port, 100);
    const attempts = attemptsOf(backends);
    // Each worker may begin with one of the floor's in hand.
    const most = (1 + BUDGET) * requests + FLOOR * (seconds + 1) + WORKERS;
    expect(attempts).toBeLessThanOrEqual(most);
    expect(attempts, "the budget is used").toBeGreaterThan(requests * (1 + BUDGET * 0.8));
  },
);

test("where the breakers are on, they end it altogether", async () => {
  const backends = await Promise.all([resets, resets].map(startBadBackend));
  const balto = await start(serving({ to: backends, retry: { ...RETRY_ALL, budgetPercent: 20 } }), {
    workers: WORKERS,
  });
  await load(balto.port, 50);
  // Ten failures open a breaker; those in flight then may still fail.
  expect(attemptsOf(backends)).toBeLessThanOrEqual(2 * (10 + CLIENTS));
  const client = await Client.to(balto.port);
  expect(await client.ask("GET /")).toMatchObject({
    status: 503,
    text: "no backend available\n",
  });
});

test("a pool with little traffic has its retries all the same", async () => {
  const bad = await startBadBackend(resets);
  const balto = await start(
    serving({ to: bad, retry: { ...RETRY_ALL, attempts: 1, budgetPercent: 0 } }),
  );
  const client = await Client.to(balto.port);
  for (let n = 0; n < 3; n++) await client.ask("GET /");
  expect(bad.requests.length).toBe(6);
});

test("a hedge for which there is no other backend takes nothing off it", async () => {
  const slowOrBad = await startBadBackend(async (peer, { requestLine }) => {
    if (requestLine.includes("/bad")) return peer.reset();
    await sleep(2_000);
    await answers(200)(peer, {} as never);
  });
  const drained = await startOrigin();
  const balto = await start(
    serving({
      to: [slowOrBad, drained],
      hedgeAfterMs: 20,
      retry: { ...RETRY_ALL, attempts: 1, budgetPercent: 0 },
      policy: { breaker: undefined, passive: undefined },
    }),
  );
  const backends = json(await ask(balto.port, "GET /balto/backends", [LOCAL])) as {
    id: string;
    url: string;
  }[];
  const { id } = backends.find(({ url }) => url === drained.url)!;
  const drain = `POST /balto/backends/${encodeURIComponent(id)}/drain`;
  expect((await ask(balto.port, drain, [TOKEN])).status).toBe(200);
  const slow = Array.from({ length: 20 }, () => ask(balto.port, "GET /slow"));
  await until("the slow ones", () => slowOrBad.requests.length === 20);
  // Long enough for a hedge of each, and too short for the floor to come back.
  await sleep(100);
  await Promise.all(Array.from({ length: FLOOR }, () => ask(balto.port, "GET /bad")));
  expect(slowOrBad.requests.length).toBe(20 + 2 * FLOOR);
  await Promise.all(slow);
  expect(drained.requests.length).toBe(0);
});
