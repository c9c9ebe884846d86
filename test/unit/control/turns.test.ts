// Writes wait for their turn: one at a time, in order, and not too many.

import { expect, it } from "vitest";

import { QUEUE_MAX } from "../../../control/limits.ts";
import { Turns } from "../../../control/write/turns.ts";

it("takes one after the other, in the order they came, also past one that fails", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const all = [turns.take(work("a")), turns.take(work("b", true)), turns.take(work("c"))];
  expect(turns.isBusy).toBe(true);
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(seen).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  await turns.idle();
  expect(turns.isBusy).toBe(false);
});

it("refuses one more than may wait", async () => {
  const turns = new Turns();
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = Array.from({ length: QUEUE_MAX }, () => turns.take(() => promise));
  await expect(turns.take(() => promise)).rejects.toMatchObject({
    status: 503,
    fields: { "Retry-After": "1" },
  });
  resolve();
  await Promise.all(waiting);
  await turns.take(async () => undefined);
});
