/**
 * The parsers of HTTP, of PROXY headers and of ClientHellos on what nobody would send: the corpus, each entry of it mutated, and
 * generated messages. `make fuzz` goes on where this stops.
 */
import { expect, test } from "vitest";

import { corpusOf } from "../fuzz/corpus.ts";
import { chunkedBody, mutated, requestStream, responseStream } from "../fuzz/grammar.ts";
import { check, type Target } from "../fuzz/invariants.ts";
import { Random } from "../fuzz/random.ts";
import { clientHello, proxyHeader } from "../fuzz/stream-grammar.ts";
import { effort, seed } from "./seed.ts";

/** Tried for each target. */
const INPUTS = 2_500 * effort;

const targets: [Target, (random: Random) => Buffer][] = [
  ["request", requestStream],
  ["response", responseStream],
  ["body", chunkedBody],
  ["proxy-header", proxyHeader],
  ["client-hello", clientHello],
];

test.each(targets)("nothing in the corpus breaks an invariant: %s", (target) => {
  const random = new Random(seed);
  const corpus = corpusOf(target);
  expect(corpus.length).toBeGreaterThan(5);
  for (const { name, bytes } of corpus) {
    expect(() => check(target, bytes, random), name).not.toThrow();
  }
});

test.each(targets)("no input breaks an invariant: %s", (target, generate) => {
  const random = new Random(seed);
  const corpus = corpusOf(target).map(({ bytes }) => bytes);
  for (let n = 0; n < INPUTS; n++) {
    const input = random.chance(0.5)
      ? mutated(random, random.pick(corpus), random.pick(corpus))
      : generate(random);
    try {
      check(target, input, random);
    } catch (error) {
      throw new Error(`for ${JSON.stringify(input.toString("latin1"))}`, { cause: error });
    }
  }
});
