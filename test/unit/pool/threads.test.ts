/** Real threads on the same memory: what simulated workers cannot show. */
import { Worker } from "node:worker_threads";

import { expect, test } from "vitest";

import type { PoolPolicy } from "../../../artifact/model.ts";
import { Breaker } from "../../../dataplane/pool/state/breaker.ts";
import { BackendSlot } from "../../../dataplane/pool/state/backend-slot.ts";
import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { POOL_POLICY } from "../../fixtures/artifact-model.ts";
import { finish } from "./steps.ts";
import type { HammerReport, HammerStart } from "./hammer.ts";

const WORKERS = 3;
/** Three threads beside the tests may have to wait for a processor. */
const PATIENCE_MS = 60_000;
const HOSTS = ["a", "b", "c", "d"];

interface Hammering {
  worker: Worker;
  /** Undefined where it was ended before. */
  report: Promise<HammerReport | undefined>;
}

function hammer(start: HammerStart): Hammering {
  const worker = new Worker(new URL("./hammer.ts", import.meta.url), { workerData: start });
  const report = new Promise<HammerReport | undefined>((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
    worker.on("exit", () => resolve(undefined));
  });
  return { worker, report };
}

function starts(
  state: PoolState,
  policy: Partial<PoolPolicy>,
  rest: Partial<HammerStart>,
): HammerStart[] {
  const counts = new Int32Array(new SharedArrayBuffer(4 * HOSTS.length));
  const probes = new Int32Array(new SharedArrayBuffer(4 * HOSTS.length));
  return Array.from({ length: WORKERS }, (_, worker) => ({
    memory: state.buffer,
    worker,
    policy: { ...POOL_POLICY, ...policy },
    hosts: HOSTS,
    connectionsMax: 0,
    picks: 100_000,
    inFlight: 8,
    failing: 0,
    identities: [],
    churned: [],
    counts,
    probes,
    ...rest,
  }));
}

/** Ends a thread that never yields: told in the middle of a call out of JavaScript it may miss the first word. */
async function end(worker: Worker): Promise<void> {
  const again = setInterval(() => void worker.terminate(), 100);
  await worker.terminate();
  clearInterval(again);
}

const slotOf = (state: PoolState, host: string): number =>
  state.acquire(identityOf("pool", `http://${host}:80`));

/** Looks again and again while the threads run. */
async function watch(reports: Promise<unknown>, look: () => void): Promise<void> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  void reports.then(over, over);
  while (!isOver) {
    for (let n = 0; n < 200; n++) look();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test(
  "turns are dealt out exactly, and all that was in flight is given back",
  { timeout: PATIENCE_MS },
  async () => {
    const state = PoolState.create(WORKERS);
    const threads = starts(state, {}, {}).map(hammer);
    const reports = await Promise.all(threads.map(({ report }) => report));
    const picks = HOSTS.map((host) =>
      reports.reduce((sum, report) => sum + report!.picks[host]!, 0),
    );
    expect(picks).toEqual([75_000, 75_000, 75_000, 75_000]);
    expect(HOSTS.map((host) => state.inFlight(slotOf(state, host)))).toEqual([0, 0, 0, 0]);
  },
);

test("a backend's limit is never exceeded", { timeout: PATIENCE_MS }, async () => {
  const state = PoolState.create(WORKERS);
  const slots = HOSTS.map((host) => slotOf(state, host));
  const all = starts(state, { algorithm: "least-connections" }, { connectionsMax: 4 });
  const threads = all.map(hammer);
  const reports = await Promise.all(threads.map(({ report }) => report));
  expect(Math.max(...reports.map((report) => report!.most))).toBeLessThanOrEqual(4);
  expect(reports.some((report) => report!.refused > 0)).toBe(true);
  expect(slots.map((slot) => state.inFlight(slot))).toEqual([0, 0, 0, 0]);
});

test(
  "no more probe than may, transitions are told once, and every place is given back",
  { timeout: PATIENCE_MS },
  async () => {
    const state = PoolState.create(WORKERS);
    const breaker = {
      failureThreshold: 5,
      successThreshold: 5,
      timeoutMs: 1,
      halfOpenRequestsMax: 3,
      statuses: [],
    };
    const slots = HOSTS.map((host) => new BackendSlot(state.memory, slotOf(state, host)));
    const breakers = slots.map((slot) => new Breaker(slot));
    const threads = starts(state, { breaker }, { failing: 0.5, picks: 200_000 }).map(hammer);
    const reported = await Promise.all(threads.map(({ report }) => report));
    // As the threads count them: a place itself is counted before it is judged, so for a moment there are more.
    const most = Math.max(...reported.map((report) => report!.mostProbes));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    const told = (kind: string): number =>
      reported.reduce((sum, report) => sum + (report!.events[kind] ?? 0), 0);
    expect(told("breaker-opened")).toBeGreaterThan(10);
    // Each opening is followed by one half-opening, and each of these by an opening or a closing.
    const open = breakers.filter(({ state: found }) => found === "open").length;
    const halfOpen = breakers.filter(({ state: found }) => found === "half-open").length;
    expect(told("breaker-half-open")).toBe(told("breaker-opened") - open);
    const closedByOpening = told("breaker-opened") - told("breaker-closed");
    expect(closedByOpening).toBeGreaterThanOrEqual(open + halfOpen);
    expect(breakers.map(({ placesTaken }) => placesTaken)).toEqual([0, 0, 0, 0]);
    expect(slots.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0, 0]);
  },
);

test(
  "a thread that is ended anywhere leaves nothing behind",
  { timeout: PATIENCE_MS },
  async () => {
    const breaker = {
      failureThreshold: 3,
      successThreshold: 3,
      timeoutMs: 1,
      halfOpenRequestsMax: 2,
      statuses: [],
    };
    for (let round = 0; round < 3; round++) {
      const state = PoolState.create(WORKERS);
      const slots = HOSTS.map((host) => new BackendSlot(state.memory, slotOf(state, host)));
      const all = starts(state, { breaker }, { failing: 0.5, connectionsMax: 6, picks: 5_000 });
      all[0]!.picks = Infinity;
      const threads = all.map(hammer);
      const others = Promise.all(threads.slice(1).map(({ report }) => report));
      await others;
      await end(threads[0]!.worker);
      state.forget(0);
      const places = slots.map((slot) => new Breaker(slot).placesTaken);
      expect([places, slots.map(({ inFlight }) => inFlight)]).toEqual([
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]);
    }
  },
);

test(
  "all threads find the same slot for an identity, while the table is built anew",
  { timeout: PATIENCE_MS },
  async () => {
    const state = PoolState.create(WORKERS);
    const identities = Array.from({ length: 20_000 }, (_, n) => `identity ${n}`);
    const threads = starts(state, {}, { picks: 20_000, identities }).map(hammer);
    const reports = Promise.all(threads.map(({ report }) => report));
    let room = 0;
    await watch(reports, () => state.reserve((room += 40)));
    const [one, ...others] = (await reports).map((report) => report!.slots);
    expect(new Set(one).size).toBe(20_000);
    for (const other of others) expect(other).toEqual(one);
    expect(identities.map((identity) => state.acquire(identity))).toEqual(one);
  },
);

test("a slot that is held is not given back", { timeout: PATIENCE_MS }, async () => {
  const state = PoolState.create(WORKERS);
  const churned = Array.from({ length: 50 }, (_, n) => `identity ${n}`);
  const threads = starts(state, {}, { picks: 10, churned }).map(hammer);
  const reports = Promise.all(threads.map(({ report }) => report));
  let freed = 0;
  await watch(reports, () => (freed += finish(state.collect(() => [], new Set()))));
  expect(freed).toBeGreaterThan(0);
  expect((await reports).map((report) => report!.stolen)).toEqual([0, 0, 0]);
  finish(state.collect(() => [], new Set()));
  // Only the pools' own are left, as these threads have never closed them.
  const left = churned.map((identity) => state.acquire(identity));
  expect(new Set(left).size).toBe(50);
});
