// A breaker opens after exactly its threshold and probes with exactly its limit, over two workers.

import type { ServerResponse } from "node:http";

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { type Answer, Client } from "../harness/client.ts";
import { type DataPlane, start } from "../harness/data-plane.ts";
import { type Origin, startOrigin } from "../harness/origin.ts";
import { PATIENCE_MS, sleep, until } from "../harness/until.ts";

const CLIENTS = 64;
const TIMEOUT_MS = 1_000;
/** Until a breaker that opened may be tried: timers are early at times. */
const OPEN_MS = TIMEOUT_MS + 50;
const breaker = {
  failureThreshold: 10,
  successThreshold: 10,
  timeoutMs: TIMEOUT_MS,
  halfOpenRequestsMax: 5,
  statuses: [{ first: 500, last: 599 }],
};

/** An origin that answers when the test says so. */
class Held {
  readonly waiting: ServerResponse[] = [];
  origin!: Origin;

  static async start(): Promise<Held> {
    const held = new Held();
    held.origin = await startOrigin((response) => void held.waiting.push(response));
    return held;
  }

  /** So many requests have come since the start. */
  async has(requests: number): Promise<void> {
    await until(`${requests} requests`, () => this.origin.requests.length >= requests);
  }

  answer(count: number, status: number): void {
    for (const response of this.waiting.splice(0, count)) response.writeHead(status).end("held");
  }
}

/** Clients that ask all at once, and what they have been answered so far. */
class Crowd {
  readonly clients: Client[];
  readonly answers: Answer[] = [];

  constructor(clients: Client[]) {
    this.clients = clients;
    for (const client of clients) {
      void client.ask("GET /").then(
        (answer) => this.answers.push(answer),
        () => undefined,
      );
    }
  }

  static async of(balto: DataPlane, count: number): Promise<Crowd> {
    return new Crowd(await Promise.all(Array.from({ length: count }, () => Client.to(balto.port))));
  }

  async has(answers: number, status: number): Promise<void> {
    const matching = (): number => this.answers.filter((one) => one.status === status).length;
    await until(`${answers} answers ${status}`, () => matching() >= answers);
    expect(matching()).toBe(answers);
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

const told = (balto: DataPlane): string[] =>
  balto.log.map(({ message }) => message).filter((message) => message.startsWith("Circuit"));

test("the tenth failure in a row opens it, five requests at a time try it, ten successes close it", async () => {
  const held = await Held.start();
  const balto = await start(
    serving({ domains: ["a.test", "*"], to: held.origin.url, policy: { breaker } }),
    {
      workers: 2,
    },
  );
  const first = await Crowd.of(balto, CLIENTS);
  await held.has(CLIENTS);
  held.answer(9, 500);
  await first.has(9, 500);
  // Nine are not enough, whichever workers have seen them.
  const tenth = await Crowd.of(balto, 1);
  await held.has(CLIENTS + 1);
  held.answer(1, 500);
  const opened = await balto.says("Circuit breaker opened");
  expect(opened).toMatchObject({
    level: "warn",
    module: "pool",
    backend_id: `a.test-${held.origin.url}`,
    failure_threshold: 10,
  });
  const refused = await Crowd.of(balto, CLIENTS);
  await refused.has(CLIENTS, 503);
  expect(refused.answers[0]!.text).toBe("no backend available\n");
  expect(held.origin.requests).toHaveLength(CLIENTS + 1);

  // What was under way before says nothing any more.
  held.answer(30, 200);
  held.answer(Infinity, 500);
  await first.has(30, 200);
  await until("all answered", () => first.answers.length === CLIENTS && tenth.answers.length === 1);
  const before = held.origin.requests.length;

  await sleep(OPEN_MS);
  const probing = await Crowd.of(balto, CLIENTS);
  await probing.has(CLIENTS - 5, 503);
  expect(held.origin.requests).toHaveLength(before + 5);
  expect(await balto.says("Circuit breaker half-open (probing)")).toMatchObject({
    level: "info",
    timeout_seconds: 1,
  });
  // Clients that go give their places back.
  probing.close();
  await until("the probes to be called off", () =>
    held.origin.requests.slice(-5).every((one) => one.isAborted),
  );
  held.waiting.length = 0;

  for (let round = 1; round <= 2; round++) {
    const crowd = await Crowd.of(balto, CLIENTS);
    await crowd.has(CLIENTS - 5, 503);
    expect(held.origin.requests).toHaveLength(before + 5 + 5 * round);
    held.answer(5, 200);
    await crowd.has(5, 200);
    crowd.close();
  }
  expect(await balto.says("Circuit breaker closed")).toMatchObject({
    level: "info",
    success_threshold: 10,
  });
  const after = await Crowd.of(balto, CLIENTS);
  await held.has(before + 15 + CLIENTS);
  held.answer(Infinity, 200);
  await after.has(CLIENTS, 200);
  expect(told(balto)).toEqual([
    "Circuit breaker opened",
    "Circuit breaker half-open (probing)",
    "Circuit breaker closed",
  ]);
  for (const crowd of [first, tenth, refused, after]) crowd.close();
});

test("one failure while it is tried opens it again", async () => {
  const held = await Held.start();
  const balto = await start(serving({ to: held.origin.url, policy: { breaker } }), { workers: 2 });
  const first = await Crowd.of(balto, 10);
  await held.has(10);
  held.answer(10, 503);
  await balto.says("Circuit breaker opened");
  await sleep(OPEN_MS);
  const probing = await Crowd.of(balto, 5);
  await held.has(15);
  held.answer(1, 500);
  await until("it to be open again", () => told(balto).length === 3);
  held.answer(4, 200);
  await until("all answered", () => probing.answers.length === 5);
  const refused = await Crowd.of(balto, 10);
  await refused.has(10, 503);
  expect(held.origin.requests).toHaveLength(15);
  expect(told(balto)[2]).toBe("Circuit breaker opened");
  for (const crowd of [first, probing, refused]) crowd.close();
});

test("under load with failures at random everything is given back, and it closes when they end", async () => {
  let failing = 0.5;
  let requests = 0;
  const origin = await startOrigin((response) => {
    requests++;
    response.writeHead(Math.random() < failing ? 500 : 200).end("x");
  });
  const quick = { ...breaker, failureThreshold: 3, successThreshold: 5, timeoutMs: 20 };
  const balto = await start(serving({ to: origin.url, policy: { breaker: quick } }), {
    workers: 2,
  });
  const clients = await Promise.all(Array.from({ length: 32 }, () => Client.to(balto.port)));
  const statuses = new Map<number, number>();
  await Promise.all(
    clients.map(async (client) => {
      for (let n = 0; n < 100; n++) {
        const { status } = await client.ask("GET /");
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 500, 503]);
  expect(requests).toBe(3_200 - statuses.get(503)!);
  expect(told(balto).length).toBeGreaterThan(3);
  failing = 0;
  const end = performance.now() + PATIENCE_MS;
  let inARow = 0;
  while (inARow < 20 && performance.now() < end) {
    inARow = (await clients[0]!.ask("GET /")).status === 200 ? inARow + 1 : 0;
    await sleep(5);
  }
  expect(inARow).toBe(20);
  await balto.says("Circuit breaker closed");
  // Its last word, as every transition is told once: opened, half-open, and closed or opened again.
  const words = told(balto);
  expect(words.at(-1)).toBe("Circuit breaker closed");
  const count = (word: string): number => words.filter((one) => one.includes(word)).length;
  expect(count("half-open")).toBe(count("opened"));
  for (const client of clients) client.close();
});
