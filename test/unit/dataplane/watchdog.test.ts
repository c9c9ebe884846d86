import { expect, test } from "vitest";

import { createBeats, Watchdog } from "../../../dataplane/watchdog.ts";

function watched() {
  const memory = createBeats(2);
  const beats = new Int32Array(memory);
  const hung: number[] = [];
  const dog = new Watchdog(memory, (worker) => hung.push(worker));
  const look = (times: number): void => {
    for (let n = 0; n < times; n++) dog.look();
  };
  return { beats, hung, dog, look };
}

test("a worker that counts no more is told of, once", () => {
  const { beats, hung, dog, look } = watched();
  dog.watch(0);
  dog.watch(1);
  for (let n = 0; n < 30; n++) {
    beats[0]!++;
    look(1);
  }
  expect(hung).toEqual([1]);
});

test("a worker that counts now and then lives", () => {
  const { beats, hung, dog, look } = watched();
  dog.watch(0);
  for (let n = 0; n < 5; n++) {
    look(9);
    beats[0]!++;
    look(1);
  }
  expect(hung).toEqual([]);
});

test("one that has ended, or began anew, is nobody's concern", () => {
  const { hung, dog, look } = watched();
  dog.watch(0);
  dog.watch(1);
  look(9);
  dog.forget(0);
  dog.watch(1);
  look(9);
  expect(hung).toEqual([]);
  dog.stop();
  look(20);
  expect(hung).toEqual([]);
});
