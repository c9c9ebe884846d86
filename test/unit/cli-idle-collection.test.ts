import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { IdleCollection } from "../../cli/idle-collection.ts";

const MIB = 2 ** 20;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("collects what the first compilation of a large tree has left, once nobody waits", () => {
  const collect = vi.fn<() => void>();
  const collection = new IdleCollection(20 * MIB, collect);
  vi.advanceTimersByTime(900);
  collection.busy();
  vi.advanceTimersByTime(5_000);
  expect(collect).not.toHaveBeenCalled();
  collection.idle();
  vi.advanceTimersByTime(1_000);
  expect(collect).toHaveBeenCalledOnce();
});

it("collects again when enough has been made since, and not for small trees", () => {
  const collect = vi.fn<() => void>();
  const collection = new IdleCollection(1 * MIB, collect);
  for (let made = 0; made < 3; made++) collection.idle(10 * MIB);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledOnce();
  for (let made = 0; made < 3; made++) collection.idle(10 * MIB);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledOnce();
  collection.idle(10 * MIB);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(2);
});

it("collects garbage", () => {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let held: object | undefined = { large: new Uint8Array(1) };
  const reference = new WeakRef(held);
  held = undefined;
  new IdleCollection(64 * MIB).idle();
  vi.advanceTimersByTime(1_000);
  // A WeakRef holds its target until the end of the turn in which it was made.
  return vi.waitFor(() => {
    new IdleCollection(64 * MIB).idle();
    vi.advanceTimersByTime(1_000);
    expect(reference.deref() === undefined).toBe(true);
  });
});
