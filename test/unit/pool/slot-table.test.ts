/** The table of slots: one for an identity, from any thread. */
import { expect, test } from "vitest";

import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { finish } from "./steps.ts";
import { SlotTable } from "../../../dataplane/pool/state/slot-table.ts";

const WORKERS = 2;

function states(): { main: PoolState; workers: PoolState[] } {
  const main = PoolState.create(WORKERS);
  const workers = [0, 1].map((worker) => PoolState.over(main.buffer, worker));
  return { main, workers };
}

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => identityOf("pool", `http://10.0.0.1:${from + n}`));

test("an identity has one slot, whoever asks", () => {
  const { main, workers } = states();
  const identities = names(3_000);
  const slots = identities.map((identity, n) => workers[n % 2]!.acquire(identity));
  expect(new Set(slots).size).toBe(3_000);
  expect(identities.map((identity) => main.acquire(identity))).toEqual(slots);
  expect(identities.map((identity) => workers[1]!.acquire(identity))).toEqual(slots);
});

test("pools and backends, and endpoints of one, are different identities", () => {
  const { main } = states();
  const slots = [
    identityOf("pool"),
    identityOf("pool", "http://a"),
    identityOf("pool", "http://a", "10.0.0.1:80"),
    identityOf("other", "http://a"),
  ].map((identity) => main.acquire(identity));
  expect(new Set(slots).size).toBe(4);
});

test("what nobody holds and nothing names is given back, and used again, empty", () => {
  const { main, workers } = states();
  const [kept, held, gone] = names(3) as [string, string, string];
  const slots = [kept, held, gone].map((identity) => workers[0]!.acquire(identity));
  for (const slot of slots) main.setHealth(slot, false);
  expect(finish(main.collect(() => [], new Set()))).toBe(0);
  workers[0]!.release(slots[0]!);
  workers[0]!.release(slots[2]!);
  expect(finish(main.collect(() => [kept], new Set()))).toBe(1);
  expect(workers[1]!.acquire(kept)).toBe(slots[0]);
  expect(main.isUp(slots[0]!)).toBe(false);
  const fresh = main.acquire(names(1, 99)[0]!);
  expect(fresh).toBe(slots[2]);
  expect([main.isNew(fresh), main.isUp(fresh)]).toEqual([true, true]);
  expect(workers[0]!.acquire(gone)).not.toBe(fresh);
});

test("one that is taken just before it would be given back stays", () => {
  const { main, workers } = states();
  const slot = workers[0]!.acquire("late");
  main.setHealth(slot, false);
  expect(new SlotTable(main.memory).free(slot)).toBe(false);
  expect(workers[1]!.acquire("late")).toBe(slot);
  expect(main.isUp(slot)).toBe(false);
});

test("what a dead worker held, nobody holds", () => {
  const { main, workers } = states();
  const [one] = names(1) as [string];
  workers[0]!.acquire(one);
  workers[1]!.acquire(one);
  main.forget(0);
  expect(finish(main.collect(() => [], new Set()))).toBe(0);
  main.forget(1);
  expect(finish(main.collect(() => [], new Set()))).toBe(1);
});

test("years of names that come and go need no more room than those in use", () => {
  const { main, workers } = states();
  const bytes = main.buffer.byteLength;
  for (let round = 0; round < 500; round++) {
    const slots = names(100, round * 100).map((identity) => workers[round % 2]!.acquire(identity));
    for (const slot of slots) workers[round % 2]!.release(slot);
    expect(finish(main.collect(() => [], new Set()))).toBe(100);
    main.reserve(100);
  }
  expect(main.buffer.byteLength).toBe(bytes);
  const last = main.acquire("still here");
  expect(workers[0]!.acquire("still here")).toBe(last);
});

test("a reserved table keeps every slot where it was", () => {
  const { main, workers } = states();
  const identities = names(1_500);
  const slots = identities.map((identity) => workers[0]!.acquire(identity));
  main.reserve(100_000);
  expect(identities.map((identity) => workers[1]!.acquire(identity))).toEqual(slots);
  const more = names(60_000, 1_500).map((identity) => workers[1]!.acquire(identity));
  expect(new Set([...slots, ...more]).size).toBe(61_500);
});
