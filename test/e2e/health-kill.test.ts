// One of three backends is killed under load: what is lost, and when it is used again.

import { expect, test } from "vitest";

import type { RetryPolicy } from "../../artifact/model.ts";
import { HEALTH_POLICY } from "../fixtures/health-policy.ts";
import { serving } from "../harness/artifact.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { Load, type LoadReport } from "../harness/load-client.ts";
import { MortalOrigin } from "../harness/mortal-origin.ts";
import { sleep, until } from "../harness/until.ts";

const CONNECTIONS = 16;
const NAMES = ["one", "two", "three"];

/** A load over three backends, the third of which is killed and comes back. */
async function ordeal(
  method: string,
  retry: Partial<RetryPolicy>,
): Promise<{ balto: DataPlane; report: LoadReport }> {
  const origins = await Promise.all(NAMES.map((name) => MortalOrigin.start(name, 20)));
  const mortal = origins[2]!;
  const health = {
    ...HEALTH_POLICY,
    intervalMs: 200,
    jitterMs: 0,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
  };
  const balto = await start(serving({ to: origins, policy: { health }, retry }), { workers: 2 });
  const load = new Load({
    port: balto.port,
    keepAlive: CONNECTIONS,
    perRequest: 0,
    idle: 0,
    request: () => ({ line: `${method} /`, body: method === "POST" ? "body" : "" }),
    generationOf: ({ status, text }) => {
      if (status !== 200 || !NAMES.includes(text)) throw new Error(`${status} ${text}`);
      return text;
    },
  });
  const { generations } = load.report;
  const answersOf = (name: string): number => generations.get(name) ?? 0;
  await until("answers from all three", () => NAMES.every((name) => answersOf(name) > 10));
  await mortal.kill();
  await balto.says("Backend down");
  const dead = answersOf("three");
  await sleep(300);
  expect(answersOf("three")).toBe(dead);
  await mortal.revive();
  await balto.says("Backend up");
  await until("answers from the third again", () => answersOf("three") > dead);
  return { balto, report: await load.stop() };
}

test("with retries on, no GET is lost", async () => {
  const { report } = await ordeal("GET", { attempts: 2 });
  expect(report.lost).toEqual([]);
  expect(report.closed).toEqual([]);
});

test("without retries, no more is lost than was in flight on it", async () => {
  const { report } = await ordeal("POST", { attempts: 0 });
  expect(report.lost.length).toBeLessThanOrEqual(CONNECTIONS);
});
