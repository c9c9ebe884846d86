// Restart delay: at once, then ever later, and at once again after a sound life.

import { expect, test } from "vitest";

import { RestartDelay } from "../../../dataplane/restart-delay.ts";

test("deaths in a row wait twice as long each time, ten seconds at most", () => {
  const delay = new RestartDelay();
  const waits = Array.from({ length: 9 }, () => delay.next(100));
  expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
});

test("one that lived for a while is replaced at once", () => {
  const delay = new RestartDelay();
  for (let n = 0; n < 5; n++) delay.next(0);
  expect([delay.next(10_000), delay.next(9_999)]).toEqual([0, 250]);
});
