// A hundred reloads that add, remove and reweight backends under load lose no request, and what stays
// keeps what is known of it.

import { expect, test } from "vitest";

import { publish, published, serving, type Target } from "../harness/artifact.ts";
import { ask, type Answer } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { Load } from "../harness/load-client.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";
import { sleep } from "../harness/until.ts";

const RELOADS = 100;
const RELOAD_EVERY_MS = 60;
const breaker = {
  failureThreshold: 10,
  successThreshold: 1,
  timeoutMs: 600_000,
  halfOpenRequestsMax: 1,
  statuses: [{ first: 500, last: 599 }],
};

async function startWell(name: string): Promise<Origin> {
  return startOrigin((response) => {
    setTimeout(() => response.end(name), 3);
  });
}

function generationOf(answer: Answer): string {
  expect(answer.status).toBe(200);
  return answer.text;
}

test("a hundred reloads under load fail no request and forget nothing of what stays", async () => {
  const well = await Promise.all(["a", "b", "c", "d", "e"].map(startWell));
  const sick = await startOrigin((response) => {
    response.writeHead(500).end();
  });
  const artifact = (targets: readonly Target[], algorithm: "weighted-rr" | "p2c"): Uint8Array =>
    serving({ name: "pool", to: targets, policy: { algorithm, breaker } });

  // Only the sick one, until its breaker is open.
  const path = published(artifact([sick.url], "weighted-rr"));
  const balto = await start(path, { workers: 2 });
  for (let n = 0; n < 10; n++) expect((await ask(balto.port, "GET /")).status).toBe(500);
  expect((await ask(balto.port, "GET /")).status).toBe(503);
  publish(path, artifact([sick.url, well[0]!.url], "weighted-rr"));
  await balto.says("Artifact loaded");

  const load = new Load({
    port: balto.port,
    keepAlive: 16,
    perRequest: 4,
    idle: 10,
    request: () => ({ line: "GET /" }),
    generationOf,
  });
  for (let reload = 1; reload <= RELOADS; reload++) {
    const from = balto.log.length;
    const targets = [
      sick.url,
      // One at least, others by the bits of the number, with weights that change.
      ...well
        .filter((_, index) => index === 0 || (reload & (1 << (index - 1))) !== 0)
        .map(({ url }, index) => ({ url, weight: 1 + ((reload + index) % 7) })),
    ];
    publish(path, artifact(targets, reload % 10 === 0 ? "p2c" : "weighted-rr"));
    await balto.says("Artifact loaded", from);
    await sleep(RELOAD_EVERY_MS);
  }
  const { lost, closed, answered, generations } = await load.stop();
  expect(lost).toEqual([]);
  expect(closed).toEqual([]);
  expect(answered.keepAlive).toBeGreaterThan(RELOADS);
  expect([...generations.keys()].toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  // Its breaker was open all the time.
  expect(sick.requests).toHaveLength(10);
  const told = balto.log.filter(({ message }) => message.startsWith("Circuit"));
  expect(told).toHaveLength(1);
});

test("turns go on and a new weight holds from the first request behind a reload", async () => {
  const [a, b] = [await startWell("a"), await startWell("b")];
  const artifact = (weight: number): Uint8Array =>
    serving({
      name: "pool",
      to: [{ url: a.url, weight }, b.url],
      policy: { algorithm: "weighted-rr" },
    });
  const path = published(artifact(1));
  const balto = await start(path, { workers: 2 });
  const share = async (): Promise<number> => {
    const texts = await Promise.all(
      Array.from({ length: 40 }, async () => (await ask(balto.port, "GET /")).text),
    );
    return texts.filter((text) => text === "a").length;
  };
  expect(await share()).toBe(20);
  publish(path, artifact(3));
  await balto.says("Artifact loaded");
  expect(await share()).toBe(30);
});
