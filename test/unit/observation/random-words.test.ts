import { expect, it } from "vitest";

import { RandomWords } from "../../../dataplane/observation/random-words.ts";

/** More than it keeps, so that it has to ask again. */
const COUNT = 10_000;

it.each([
  ["the system's generator", undefined],
  ["Node, where the system's cannot be read", "/nowhere/urandom"],
  ["Node, where the system's gives too little", "/dev/null"],
])("words are from %s, and seldom the same", (_, generator) => {
  const random = new RandomWords(generator);
  const words = Array.from({ length: COUNT }, () => random.next());
  // Of 10,000 among 2^32 a few may meet by chance; what is not filled would be thousands of zeros.
  expect(new Set(words).size).toBeGreaterThan(COUNT - 10);
  expect(words.every((word) => Number.isInteger(word))).toBe(true);
  const [low, high] = [Math.min(...words), Math.max(...words)];
  expect([low < -(2 ** 30), high > 2 ** 30]).toEqual([true, true]);
});
