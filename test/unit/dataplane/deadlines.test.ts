/** Deadlines: nothing early, everything once. */
import { expect, test } from "vitest";

import { Deadlines } from "../../../dataplane/deadlines.ts";

function setUp() {
  let time = 0;
  const deadlines = new Deadlines(() => time);
  const expired: string[] = [];
  const expiring = (name: string, deadline: number) => ({
    deadline,
    onDeadline: () => void expired.push(name),
  });
  const advance = (ms: number): void => {
    time += ms;
    deadlines.sweep();
  };
  return { deadlines, expired, expiring, advance };
}

test("a deadline does not expire before its time, however late the clock was read", () => {
  const { deadlines, expired, expiring, advance } = setUp();
  deadlines.add(expiring("a", deadlines.in(1000)));
  advance(1000);
  expect(expired).toEqual([]);
  advance(100);
  expect(expired).toEqual(["a"]);
});

test("a deadline expires once", () => {
  const { deadlines, expired, expiring, advance } = setUp();
  deadlines.add(expiring("a", deadlines.in(0)));
  advance(500);
  advance(500);
  expect(expired).toEqual(["a"]);
});

test("what is removed, even by another that expires, is not told", () => {
  const { deadlines, expired, expiring, advance } = setUp();
  const second = expiring("second", deadlines.in(0));
  deadlines.add({ deadline: deadlines.in(0), onDeadline: () => deadlines.remove(second) });
  deadlines.add(second);
  advance(500);
  expect(expired).toEqual([]);
  expect(deadlines.size).toBe(1);
});

test("infinity never expires", () => {
  const { deadlines, expired, expiring, advance } = setUp();
  deadlines.add(expiring("a", Infinity));
  advance(1e12);
  expect(expired).toEqual([]);
});
