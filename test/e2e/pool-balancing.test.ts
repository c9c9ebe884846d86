// Each algorithm's share of 10,000 requests through two workers and 64 connections, keys that stay where
// they are, and limits that hold.

import type { ServerResponse } from "node:http";

import { describe, expect, test } from "vitest";

import { type Algorithm, ALGORITHMS, type PoolPolicy } from "../../artifact/model.ts";
import { publish, published, serving, type Target } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";

const REQUESTS = 10_000;
const CONNECTIONS = 64;
/** Of all requests, that a backend may have more or fewer than is due. */
const TOLERANCE = 0.02;
const WEIGHTS = [5, 3, 2];
const WEIGHTED: readonly Algorithm[] = [
  "weighted-rr",
  "weighted-least-connections",
  "random",
  "p2c",
  "consistent-hash",
  "ip-hash",
];

/** Origins that take a few milliseconds, as all that share a processor would otherwise take turns. */
async function startOrigins(...delaysMs: number[]): Promise<Origin[]> {
  const answer = (name: number) => (response: ServerResponse) => {
    setTimeout(() => response.end(`${name}`), delaysMs[name]);
  };
  return Promise.all(delaysMs.map((_, name) => startOrigin(answer(name))));
}

/** Asks over 64 connections at once; gives what each request was answered with. */
async function ask(
  balto: DataPlane,
  requests: number,
  fields: (n: number) => string[],
): Promise<string[]> {
  const answers: string[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    const client = await Client.to(balto.port);
    while (next < requests) {
      const n = next++;
      const answer = await client.ask("GET /", fields(n));
      expect(answer.status).toBe(200);
      answers[n] = answer.text;
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  return answers;
}

function artifact(
  targets: readonly Target[],
  policy: Partial<PoolPolicy>,
): Uint8Array<ArrayBufferLike> {
  return serving({ to: targets, policy }, { trustedProxies: ["127.0.0.0/8"] });
}

/** Another client each time, by address and by name. */
const clients = (n: number): string[] => [
  `X-Forwarded-For: 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
  `X-User: user ${n}`,
];

const byUser = { algorithm: "consistent-hash", hash: { by: "header", name: "x-user" } } as const;

// What `ewma` goes by is how long answers take, and on a busy machine that is not the same for all.
describe.each(ALGORITHMS.filter((name) => name !== "ewma"))("%s", (algorithm) => {
  test(`gives each of three backends its share of ${REQUESTS} requests`, async () => {
    const origins = await startOrigins(4, 4, 4);
    const policy = algorithm === "consistent-hash" ? byUser : { algorithm };
    const targets = origins.map(({ url }, index) => ({ url, weight: WEIGHTS[index]! }));
    const balto = await start(artifact(targets, policy), { workers: 2 });
    await ask(balto, REQUESTS, clients);
    const shares = origins.map(({ requests }) => requests.length / REQUESTS);
    const due = WEIGHTS.map((weight) => (WEIGHTED.includes(algorithm) ? weight / 10 : 1 / 3));
    const off = shares.map((share, index) => Math.abs(share - due[index]!));
    expect(Math.max(...off), `${shares.join()} instead of ${due.join()}`).toBeLessThan(TOLERANCE);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });
});

test("ewma gives little to a backend that is ten times as slow, and the rest to the others", async () => {
  const origins = await startOrigins(20, 200, 20);
  const policy = { algorithm: "ewma" } as const;
  const balto = await start(
    artifact(
      origins.map(({ url }) => url),
      policy,
    ),
    { workers: 2 },
  );
  await ask(balto, REQUESTS, clients);
  const [one, slow, other] = origins.map(({ requests }) => requests.length / REQUESTS);
  expect(slow).toBeLessThan(0.1);
  expect(one).toBeGreaterThan(0.35);
  expect(other).toBeGreaterThan(0.35);
});

test("a key has the same backend in both workers and in another process; few move where one goes", async () => {
  const origins = await startOrigins(4, 4, 4, 4, 4);
  const urls = origins.map(({ url }) => url);
  const path = published(artifact(urls, byUser));
  const [one, other] = [await start(path, { workers: 2 }), await start(path)];
  const before = await ask(one, 2_000, clients);
  expect(await ask(one, 2_000, clients)).toEqual(before);
  expect(await ask(other, 2_000, clients)).toEqual(before);
  publish(path, artifact(urls.slice(0, 4), byUser));
  await one.says("Artifact loaded");
  const after = await ask(one, 2_000, clients);
  const moved = after.filter((name, n) => name !== before[n]).length / after.length;
  expect(moved).toBeLessThan(1 / 5 + 0.01 + 0.03);
  expect(after).not.toContain("4");
});

test("with limits no backend ever has more requests than it may, and nobody is turned away", async () => {
  let most = 0;
  const counted = async (): Promise<Origin> => {
    let inFlight = 0;
    return startOrigin((response) => {
      most = Math.max(most, ++inFlight);
      response.on("finish", () => inFlight--);
      setTimeout(() => response.end("ok"), 4);
    });
  };
  const origins = [await counted(), await counted()];
  const targets = origins.map(({ url }) => ({ url, connectionsMax: 5 }));
  const policy = { queue: { waitersMax: 100, timeoutMs: 10_000 } };
  const balto = await start(serving({ to: targets, policy }), { workers: 2 });
  await ask(balto, 3_000, () => []);
  expect(most).toBe(5);
});

test("where the queue is full or the wait too long the answer is 503", async () => {
  const held: ServerResponse[] = [];
  const origin = await startOrigin((response) => void held.push(response));
  const balto = await start(
    serving({
      to: { url: origin.url, connectionsMax: 1 },
      policy: { queue: { waitersMax: 2, timeoutMs: 300 } },
    }),
    { workers: 2 },
  );
  const all = await Promise.all(Array.from({ length: 6 }, () => Client.to(balto.port)));
  const answers = all.map(async (client) => client.ask("GET /"));
  const statuses: number[] = [];
  for (const answer of answers) void answer.then(({ status }) => statuses.push(status));
  await expect.poll(() => statuses, { timeout: 10_000 }).toEqual([503, 503, 503, 503, 503]);
  held[0]!.end("ok");
  await Promise.all(answers);
  expect(statuses).toEqual([503, 503, 503, 503, 503, 200]);
  expect(origin.requests).toHaveLength(1);
});
