// A backend of three dies under load: what is lost of it, with retries and without.

import { expect, test } from "vitest";

import { POOL_POLICY } from "../fixtures/artifact-model.ts";
import { serving } from "../harness/artifact.ts";
import { RETRY_ALL } from "../harness/bad-backends.ts";
import { start } from "../harness/data-plane.ts";
import { Load, type LoadReport } from "../harness/load-client.ts";
import { MortalOrigin } from "../harness/mortal-origin.ts";
import { until } from "../harness/until.ts";

const CONNECTIONS = 24;
const NAMES = ["a", "b", "c"];

/** Kills one backend after the other under load, and brings each back. */
async function killing(attempts: number): Promise<LoadReport> {
  const backends = await Promise.all(NAMES.map((name) => MortalOrigin.start(name, 5)));
  // The breaker opens as ever, and looks again sooner.
  const breaker = { ...POOL_POLICY.breaker!, timeoutMs: 200 };
  const to = backends.map(({ url }) => url);
  const balto = await start(
    serving({ to, retry: { ...RETRY_ALL, attempts }, policy: { breaker } }),
    { workers: 2 },
  );
  const load = new Load({
    port: balto.port,
    keepAlive: CONNECTIONS,
    perRequest: 0,
    idle: 2,
    request: (n) => ({ line: `GET /${n}` }),
    generationOf: ({ status, text }) => {
      if (status !== 200 || !NAMES.includes(text)) throw new Error(`${status} ${text}`);
      return text;
    },
  });
  const { generations, answered } = load.report;
  for (const [index, backend] of backends.entries()) {
    const name = NAMES[index]!;
    const before = generations.get(name) ?? 0;
    await until("traffic to it", () => (generations.get(name) ?? 0) > before + 50);
    await backend.kill();
    const others = answered.keepAlive;
    await until("traffic without it", () => answered.keepAlive > others + 200);
    await backend.revive();
  }
  return load.stop();
}

test("with retries no GET fails when a backend is killed", async () => {
  const { lost, closed, answered } = await killing(2);
  expect(lost).toEqual([]);
  expect(closed).toEqual([]);
  expect(answered.keepAlive).toBeGreaterThan(500);
});

test("without, at most the requests that it had in flight fail", async () => {
  const { lost, closed } = await killing(0);
  expect(lost.length, lost.join("\n")).toBeLessThanOrEqual(NAMES.length * (CONNECTIONS + 2));
  expect(closed).toEqual([]);
});
