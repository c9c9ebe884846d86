/** Waiting for a place where every backend has as many requests as it may. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Backend } from "../../../dataplane/pool/backend.ts";
import type { Ticket } from "../../../dataplane/pool/state/breaker.ts";
import type { Waiter } from "../../../dataplane/pool/waiting-queue.ts";
import { ANY, Fleet, type Picked } from "./fleet.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A request that waits, and what became of it. */
class Waits implements Waiter {
  readonly request = ANY;
  picked: Picked | undefined;
  isOver = false;
  readonly #worker: number;

  constructor(worker: number) {
    this.#worker = worker;
  }

  onBackend(backend: Backend, ticket: Ticket): void {
    this.picked = { worker: this.#worker, backend, ticket };
  }

  onTimeout(): void {
    this.isOver = true;
  }
}

function fleetOf(connectionsMax = 1, waitersMax = 10): Fleet {
  return new Fleet({
    backends: [{ host: "a", connectionsMax }],
    policy: { queue: { waitersMax, timeoutMs: 1_000 } },
  });
}

function wait(fleet: Fleet, worker = 0): Waits {
  const waits = new Waits(worker);
  expect(fleet.pick({}, worker)).toBeUndefined();
  expect(fleet.pools[worker]!.isFull).toBe(true);
  expect(fleet.pools[worker]!.wait(waits)).toBe(true);
  return waits;
}

/** Time passes, for timers and for the pool. */
function pass(fleet: Fleet, ms: number): void {
  for (let n = 0; n < ms; n += 5) {
    fleet.now += 5;
    vi.advanceTimersByTime(5);
  }
}

test("whoever waits gets the place that becomes free, in order, but not on that stack", async () => {
  const fleet = fleetOf();
  const first = fleet.mustPick();
  const waiting = [wait(fleet), wait(fleet), wait(fleet)];
  fleet.settle(first);
  expect(waiting.map(({ picked }) => picked)).toEqual([undefined, undefined, undefined]);
  await Promise.resolve();
  expect(waiting.map(({ picked }) => picked !== undefined)).toEqual([true, false, false]);
  expect(fleet.backend("a").inFlight).toBe(1);
  fleet.settle(waiting[0]!.picked!);
  await Promise.resolve();
  expect(waiting.map(({ picked }) => picked !== undefined)).toEqual([true, true, false]);
  for (const pool of fleet.pools) pool.close();
});

test("nobody overtakes those who wait, not even through another worker", async () => {
  const fleet = fleetOf();
  const first = fleet.mustPick();
  const waits = wait(fleet, 1);
  fleet.settle(first);
  expect(fleet.pick({}, 0)).toBeUndefined();
  expect(fleet.pools[0]!.isFull).toBe(true);
  pass(fleet, 5);
  await Promise.resolve();
  expect(waits.picked).toBeDefined();
  fleet.settle(waits.picked!);
  expect(fleet.request()).toBe("a");
});

test("a worker lets another one's request past that has waited longer", async () => {
  const fleet = fleetOf();
  const first = fleet.mustPick({}, 0);
  const late = wait(fleet, 1);
  fleet.now += 100;
  const soon = wait(fleet, 0);
  fleet.settle(first);
  await Promise.resolve();
  expect(soon.picked).toBeUndefined();
  pass(fleet, 5);
  expect(late.picked).toBeDefined();
  expect(soon.picked).toBeUndefined();
  fleet.settle(late.picked!);
  pass(fleet, 5);
  expect(soon.picked).toBeDefined();
  fleet.settle(soon.picked!);
});

test("waiting ends after its time, and by being cancelled", () => {
  const fleet = fleetOf();
  const first = fleet.mustPick();
  const [one, other] = [wait(fleet), wait(fleet, 1)];
  fleet.pools[0]!.cancel(one);
  pass(fleet, 995);
  expect(other.isOver).toBe(false);
  pass(fleet, 10);
  expect([one.isOver, other.isOver]).toEqual([false, true]);
  fleet.settle(first);
  expect(fleet.request()).toBe("a");
  expect(vi.getTimerCount()).toBe(0);
});

test("no more wait than may, all workers together, and none where none may", () => {
  const fleet = fleetOf(1, 3);
  fleet.mustPick();
  wait(fleet);
  wait(fleet, 1);
  wait(fleet, 1);
  expect(fleet.pools[0]!.wait(new Waits(0))).toBe(false);
  expect(fleet.pools[1]!.wait(new Waits(1))).toBe(false);
  fleet.die(1);
  wait(fleet, 0);
  const none = fleetOf(1, 0);
  none.mustPick();
  expect(none.pick()).toBeUndefined();
  expect(none.pools[0]!.isFull).toBe(true);
  expect(none.pools[0]!.wait(new Waits(0))).toBe(false);
});

test("requests that wait are told when their pool goes", async () => {
  const fleet = fleetOf();
  fleet.mustPick();
  const waits = wait(fleet);
  fleet.pools[0]!.close();
  await Promise.resolve();
  expect(waits.isOver).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("a pool without a usable backend is not full", () => {
  const fleet = fleetOf();
  fleet.main.setDraining(fleet.slot("a"), true);
  expect(fleet.pick()).toBeUndefined();
  expect(fleet.pools[0]!.isFull).toBe(false);
});
