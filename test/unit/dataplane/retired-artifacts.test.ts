import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RetiredArtifacts } from "../../../dataplane/retired-artifacts.ts";

const MIB = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("garbage is collected behind each 64 MiB of artifacts, and not at once", () => {
  let collected = 0;
  const retired = new RetiredArtifacts(64 * MIB, () => collected++);
  retired.add(20 * MIB);
  retired.add(43 * MIB);
  vi.advanceTimersByTime(5_000);
  expect(collected).toBe(0);
  retired.add(MIB);
  expect(collected).toBe(0);
  vi.advanceTimersByTime(5_000);
  expect(collected).toBe(1);
  retired.add(63 * MIB);
  vi.advanceTimersByTime(5_000);
  expect(collected).toBe(1);
  retired.add(200 * MIB);
  vi.advanceTimersByTime(5_000);
  expect(collected).toBe(2);
});

test("without another collector it is V8's own", async () => {
  vi.useRealTimers();
  const garbage = new WeakRef({});
  // What a WeakRef has been made of lives to the end of the turn.
  await new Promise(setImmediate);
  vi.useFakeTimers();
  new RetiredArtifacts().add(64 * MIB);
  vi.advanceTimersByTime(5_000);
  expect(garbage.deref()).toBeUndefined();
});
