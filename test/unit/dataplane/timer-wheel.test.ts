/** Timer wheel: nothing early, everything once, in any order and at any distance. */
import { expect, test } from "vitest";

import { Alarm, TimerWheel } from "../../../dataplane/timer-wheel.ts";

function setUp() {
  let time = 1_000_000;
  const wheel = new TimerWheel(() => time);
  const told: string[] = [];
  const alarm = (name: string, onAlarm: () => void = () => {}): Alarm =>
    new Alarm({
      onAlarm: () => {
        told.push(name);
        onAlarm();
      },
    });
  const advance = (ms: number): string[] => {
    time += ms;
    wheel.sweep();
    return told.splice(0);
  };
  return { wheel, alarm, advance };
}

test("an alarm is told when its time has come, not before, and once", () => {
  const { wheel, alarm, advance } = setUp();
  wheel.set(alarm("a"), 42);
  expect(advance(41)).toEqual([]);
  expect(advance(6)).toEqual(["a"]);
  expect(advance(10_000)).toEqual([]);
  expect(wheel.size).toBe(0);
});

test("an alarm that is further off than a round of the wheel waits all the same", () => {
  const { wheel, alarm, advance } = setUp();
  wheel.set(alarm("far"), 60_000);
  for (let waited = 0; waited < 59_990; waited += 1_500) {
    expect(advance(Math.min(1_500, 59_990 - waited))).toEqual([]);
  }
  expect(advance(15)).toEqual(["far"]);
});

test("after a stall everything that is due is told", () => {
  const { wheel, alarm, advance } = setUp();
  for (const ms of [1, 50, 2_000, 9_000]) wheel.set(alarm(String(ms)), ms);
  wheel.set(alarm("later"), 20_000);
  expect(advance(10_000).toSorted()).toEqual(["1", "2000", "50", "9000"]);
  expect(advance(10_005)).toEqual(["later"]);
});

test("what is cancelled is not told, nor what is cancelled by another that is told with it", () => {
  const { wheel, alarm, advance } = setUp();
  const [first, second, third] = [alarm("1"), alarm("2"), alarm("3")];
  wheel.set(first, 10);
  wheel.cancel(first);
  wheel.cancel(first);
  expect(first.isSet).toBe(false);
  const canceller = alarm("canceller", () => wheel.cancel(second));
  wheel.set(second, 10);
  wheel.set(third, 10);
  wheel.set(canceller, 10);
  expect(advance(20).toSorted()).toEqual(["3", "canceller"]);
  expect(wheel.size).toBe(0);
});

test("setting again replaces the time before, also from within", () => {
  const { wheel, alarm, advance } = setUp();
  const moved = alarm("moved");
  wheel.set(moved, 10);
  wheel.set(moved, 500);
  expect(advance(400)).toEqual([]);
  expect(advance(105)).toEqual(["moved"]);
  let rounds = 0;
  const again: Alarm = alarm("again", () => {
    if (++rounds < 3) wheel.set(again, 0);
  });
  wheel.set(again, 0);
  expect([advance(5), advance(5), advance(5), advance(5)]).toEqual([
    ["again"],
    ["again"],
    ["again"],
    [],
  ]);
});

test("it tells by itself, and only while something is set", async () => {
  const wheel = new TimerWheel();
  const { promise, resolve } = Promise.withResolvers<void>();
  wheel.set(new Alarm({ onAlarm: () => resolve() }), 1);
  // The wheel's own timer keeps no process alive; the test's does.
  const alive = setInterval(() => {}, 1_000);
  await promise;
  clearInterval(alive);
  expect(wheel.size).toBe(0);
});
