// Passive health checks: what a backend does with requests takes it out, and time or probes bring it back.

import { expect, test } from "vitest";

import type { PassivePolicy, PoolPolicy } from "../../artifact/model.ts";
import { HEALTH_POLICY } from "../fixtures/health-policy.ts";
import { type RouteOptions, serving, type Target } from "../harness/artifact.ts";
import { ask } from "../harness/client.ts";
import { type DataPlane, type LogLine, start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { PATIENCE_MS } from "../harness/until.ts";

const PASSIVE: PassivePolicy = {
  consecutiveFailures: 3,
  failureRatePercent: 0,
  requestsMin: 20,
  windowMs: 10_000,
  ejectionMs: 60_000,
  ejectionMaxMs: 60_000,
  ejectedPercentMax: 50,
  statuses: [{ first: 500, last: 599 }],
};

const watched = (
  to: readonly Target[],
  passive: Partial<PassivePolicy> = {},
  policy: Partial<PoolPolicy> = {},
): RouteOptions => ({
  to,
  policy: {
    passive: { ...PASSIVE, ...passive },
    health: undefined,
    breaker: undefined,
    panicPercent: 0,
    ...policy,
  },
});

/** Two origins; the second is as well as the test says, and so many of its next probes are answered ill. */
async function startPair(): Promise<{
  urls: string[];
  state: { isWell: boolean; badProbes: number };
  seen: () => number;
}> {
  const state = { isWell: false, badProbes: 0 };
  const well = await startOrigin((response) => void response.end("well"));
  const ill = await startOrigin((response, { target }) => {
    const isProbe = target === HEALTH_POLICY.path;
    if (isProbe ? state.badProbes-- > 0 : !state.isWell) response.writeHead(500);
    response.end("ill");
  });
  const seen = (): number =>
    ill.requests.filter(({ target }) => target !== HEALTH_POLICY.path).length;
  return { urls: [well.url, ill.url], state, seen };
}

async function askTimes(balto: DataPlane, count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n++) statuses.push((await ask(balto.port, "GET /")).status);
  return statuses;
}

function told(balto: DataPlane, message: string): LogLine[] {
  return balto.log.filter((line) => line.message === message);
}

test("a backend whose answers fail is ejected after exactly so many, for all workers, which is said once", async () => {
  const { urls, seen } = await startPair();
  const balto = await start(serving(watched(urls)), { workers: 2 });
  const statuses = await askTimes(balto, 30);
  expect(statuses.filter((status) => status === 500)).toHaveLength(3);
  expect(seen()).toBe(3);
  expect(await balto.says("Backend ejected")).toMatchObject({
    level: "warn",
    module: "pool",
    backend_id: `*-${urls[1]}`,
    reason: "consecutive failures",
    seconds: 60,
  });
  expect(told(balto, "Backend ejected")).toHaveLength(1);
});

test("an ejected backend returns when its time is over", async () => {
  const { urls, state, seen } = await startPair();
  const passive = { ejectionMs: 500, ejectionMaxMs: 500 };
  const balto = await start(serving(watched(urls, passive)), { workers: 2 });
  await askTimes(balto, 10);
  await balto.says("Backend ejected");
  state.isWell = true;
  const before = seen();
  const end = performance.now() + PATIENCE_MS;
  while (seen() === before && performance.now() < end) await ask(balto.port, "GET /");
  expect(await balto.says("Backend returned")).toMatchObject({ backend_id: `*-${urls[1]}` });
  expect(await askTimes(balto, 10)).toEqual(Array.from({ length: 10 }, () => 200));
});

test("probes that found it ill and well again end an ejection before its time", async () => {
  const { urls, state } = await startPair();
  const health = { ...HEALTH_POLICY, intervalMs: 100, jitterMs: 0, healthyThreshold: 2 };
  const balto = await start(serving(watched(urls, {}, { health })), { workers: 2 });
  await askTimes(balto, 10);
  await balto.says("Backend ejected");
  state.isWell = true;
  // Fewer than would make it down.
  state.badProbes = 2;
  expect(await balto.says("Backend returned")).toMatchObject({ backend_id: `*-${urls[1]}` });
  expect(await askTimes(balto, 10)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(told(balto, "Backend down")).toEqual([]);
});

test("no more backends are ejected than may be", async () => {
  const { urls } = await startPair();
  const other = await startOrigin((response) => void response.writeHead(503).end());
  const to = [...urls, other.url];
  const balto = await start(serving(watched(to, { ejectedPercentMax: 34 })), { workers: 2 });
  await askTimes(balto, 30);
  expect(told(balto, "Backend ejected")).toHaveLength(1);
});
