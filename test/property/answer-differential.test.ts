/**
 * Balto and llhttp on the same answers of a backend: one that Balto takes llhttp takes, too, but for a
 * short list, and reads the same way.
 */
import { expect, test } from "vitest";

import { type AnswerReading, baltoReads, llhttpReads } from "../fuzz/answer-readings.ts";
import { mutated, responseStream } from "../fuzz/grammar.ts";
import { Random } from "../fuzz/random.ts";
import { effort, seed } from "./seed.ts";

const ANSWERS = 4_000 * effort;

/** What llhttp refuses and Balto may take. */
function mayDiffer(refusal: string, { fields }: AnswerReading): boolean {
  // Any HTTP/1 is read as 1.1.
  if (refusal === "HPE_INVALID_VERSION") return true;
  // An interim answer that says close: the final one follows all the same.
  if (refusal === "HPE_CLOSED_CONNECTION") return true;
  // In a trailer section, which is dropped; the head has one framing and no more.
  const names = fields.map(([name]) => name.toLowerCase());
  return (
    /^HPE_(?:INVALID|UNEXPECTED)_(?:CONTENT_LENGTH|TRANSFER_ENCODING)$/.test(refusal) &&
    names.includes("transfer-encoding") &&
    !names.includes("content-length")
  );
}

test("llhttp reads the answers that Balto takes as Balto does", async () => {
  const random = new Random(seed);
  let other = responseStream(random);
  let compared = 0;
  for (let n = 0; n < ANSWERS; n++) {
    const generated = responseStream(random);
    const bytes = random.chance(0.4) ? mutated(random, generated, other) : generated;
    other = generated;
    const ours = baltoReads(bytes);
    if (ours === undefined) continue;
    const theirs = await llhttpReads(bytes.subarray(0, ours.end));
    const label = JSON.stringify(bytes.toString("latin1"));
    if (typeof theirs === "string" && mayDiffer(theirs, ours.answer)) continue;
    expect(theirs, label).toEqual(ours.answer);
    compared++;
  }
  // A generator that only makes nonsense would prove nothing.
  expect(compared).toBeGreaterThan(ANSWERS / 4);
});
