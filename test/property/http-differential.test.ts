/**
 * Balto and llhttp on the same bytes: what both take they read the same way, Balto takes nothing that
 * llhttp finds malformed but for a short list, and what Balto forwards llhttp reads as Balto meant it.
 */
import { METHODS } from "node:http";

import { expect, test } from "vitest";

import { BaltoReader, type Reading, type StreamReading } from "../fuzz/balto-reading.ts";
import { mutated, requestStream } from "../fuzz/grammar.ts";
import { type LlhttpReading, LlhttpReader } from "../fuzz/llhttp-reading.ts";
import { Random } from "../fuzz/random.ts";
import { effort, seed } from "./seed.ts";

const STREAMS = 4_000 * effort;

const balto = new BaltoReader();
const llhttp = new LlhttpReader();

/** Generated streams, two in five of them mutated. */
function* streams(random: Random): Generator<Buffer, void> {
  let other = requestStream(random);
  for (let n = 0; n < STREAMS; n++) {
    const stream = requestStream(random);
    const next = random.chance(0.4) ? mutated(random, stream, other) : stream;
    other = stream;
    // llhttp stops at the beginning of an HTTP/2 preface without a word.
    if (!next.includes("PRI ")) yield next;
  }
}

/**
 * What llhttp refuses and Balto may take: what Balto reads in one way only, and does not pass on, or
 * passes on in another form.
 */
function mayDiffer(ours: StreamReading, theirs: LlhttpReading): boolean {
  const next = ours.requests[theirs.requests.length];
  switch (theirs.refusal) {
    case "HPE_INVALID_METHOD":
      return next !== undefined && !METHODS.includes(next.method);
    case "HPE_INVALID_VERSION":
      // HTTP/1.2 and above are served as 1.1.
      return true;
    case "HPE_INVALID_CONTENT_LENGTH":
    case "HPE_INVALID_TRANSFER_ENCODING":
    case "HPE_UNEXPECTED_CONTENT_LENGTH":
      // In a trailer section, which is dropped; the head has one framing and no more.
      return framings(next) === 1;
    case "HPE_CLOSED_CONNECTION":
    case "HPE_INVALID_EOF_STATE":
      return next === undefined;
    case undefined:
    default:
      return false;
  }
}

function framings(reading: Reading | undefined): number {
  const names = reading?.fields.map(([name]) => name.toLowerCase()) ?? [];
  return names.filter((name) => name === "transfer-encoding" || name === "content-length").length;
}

test("what llhttp and Balto both take of a stream they read the same way", async () => {
  const random = new Random(seed);
  let compared = 0;
  for (const stream of streams(random)) {
    const ours = balto.read(stream, random);
    const theirs = await llhttp.read(stream);
    const label = JSON.stringify(stream.toString("latin1"));
    const count = Math.min(ours.requests.length, theirs.requests.length);
    expect(theirs.requests.slice(0, count), label).toEqual(ours.requests.slice(0, count));
    if (ours.requests.length > count) {
      expect(mayDiffer(ours, theirs), `${theirs.refusal} for ${label}`).toBe(true);
    }
    compared += count;
  }
  // A generator that only makes nonsense would prove nothing.
  expect(compared).toBeGreaterThan(STREAMS / 2);
});

test("llhttp reads what Balto forwards as Balto meant it, and finds nothing wrong with it", async () => {
  const random = new Random(seed + 1);
  let compared = 0;
  for (const stream of streams(random)) {
    const { forwarded } = balto.read(stream, random);
    // A method that llhttp has never heard of it refuses, whoever sends it.
    if (forwarded.some(({ leaves }) => !METHODS.includes(leaves.method))) continue;
    const theirs = await llhttp.read(Buffer.concat(forwarded.map(({ bytes }) => bytes)));
    const label = JSON.stringify(stream.toString("latin1"));
    expect(theirs.refusal, label).toBeUndefined();
    expect(theirs.requests.map(withoutOwn), label).toEqual(forwarded.map(({ leaves }) => leaves));
    compared += forwarded.length;
  }
  expect(compared).toBeGreaterThan(STREAMS / 2);
});

/** Less the fields that Balto writes itself; each of them stands once. */
function withoutOwn({ method, target, fields, body }: Reading): Reading {
  const own =
    method === "OPTIONS"
      ? /^(?:host|x-forwarded-(?:for|proto|host)|content-length|transfer-encoding|expect|max-forwards)$/i
      : /^(?:host|x-forwarded-(?:for|proto|host)|content-length|transfer-encoding|expect)$/i;
  const names = fields.map(([name]) => name.toLowerCase()).filter((name) => own.test(name));
  expect(new Set(names).size).toBe(names.length);
  return { method, target, fields: fields.filter(([name]) => !own.test(name)), body };
}
