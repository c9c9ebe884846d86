// Streams of generated and mutated requests through the real process to a strict node:http origin: it
// must get the requests that Balto's own reading says, in that order, and nothing else. The same without
// sockets, and many more of them: test/property/http-differential.test.ts.

import { METHODS } from "node:http";

import { expect, test } from "vitest";

import { BaltoReader, type Reading, type StreamReading } from "../fuzz/balto-reading.ts";
import { mutated, requestStream } from "../fuzz/grammar.ts";
import { Random } from "../fuzz/random.ts";
import { serving } from "../harness/artifact.ts";
import { Client } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";
import { effort, seed } from "../property/seed.ts";

const STREAMS = 2_000 * effort;
/** Streams at the same time: what is of one must not turn up in another. */
const BATCH = 100;

const OWN =
  /^(?:host|x-forwarded-(?:for|proto|host)|x-request-id|traceparent|content-length|transfer-encoding|expect)$/i;

const reader = new BaltoReader();

interface Stream {
  bytes: Buffer;
  pieces: Buffer[];
  reading: StreamReading;
}

/** A stream whose outcome is certain, and whose methods the origin knows. */
function nextStream(random: Random): Stream {
  for (;;) {
    const generated = requestStream(random);
    const bytes = random.chance(0.3)
      ? mutated(random, generated, requestStream(random))
      : generated;
    const reading = reader.read(bytes, random);
    const isKnown = reading.methods.every((method) => METHODS.includes(method));
    if (isKnown && !reading.dependsOnTime) {
      return { bytes, pieces: random.pieces(bytes, 3), reading };
    }
  }
}

test(
  "the origin gets what Balto read, whatever is sent",
  { timeout: 60_000 * effort },
  async () => {
    const origin = await startOrigin((response, { method, target, fields }, request) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("latin1");
        const seen: Reading = { method, target, fields: fields.map(([...field]) => field), body };
        response.setHeader("X-Seen", Buffer.from(JSON.stringify(seen)).toString("base64"));
        response.end("ok");
      });
    });
    const balto = await start(serving({ to: origin }));
    const random = new Random(seed);
    let forwarded = 0;
    for (let n = 0; n < STREAMS; n += BATCH) {
      const streams = Array.from({ length: BATCH }, () => nextStream(random));
      await Promise.all(streams.map((stream) => expectStream(balto.port, stream)));
      forwarded += streams.reduce((sum, { reading }) => sum + reading.forwarded.length, 0);
    }
    const isWhole = (): number => origin.requests.filter(({ isComplete }) => isComplete).length;
    await until("all that was forwarded", () => isWhole() >= forwarded);
    expect(isWhole()).toBe(forwarded);
    expect(forwarded).toBeGreaterThan(STREAMS / 2);
  },
);

async function expectStream(port: number, { bytes, pieces, reading }: Stream): Promise<void> {
  const label = JSON.stringify(bytes.toString("latin1"));
  const client = await Client.to(port);
  for (const piece of pieces) {
    client.post(piece);
    await sleep(2);
  }
  if (reading.end !== "cut") client.end();
  const seen: Reading[] = [];
  const answered: number[] = [];
  const count = reading.forwarded.length + reading.answered.length;
  for (let index = 0; index < count; index++) {
    const method = reading.methods[index] ?? "GET";
    const answer = await client.answer({ method }).catch((error: unknown) => {
      throw new Error(`answer ${index} of ${count} to ${label}`, { cause: error });
    });
    const echo = answer.field("x-seen");
    if (echo === undefined) answered.push(answer.status);
    else seen.push(JSON.parse(Buffer.from(echo, "base64").toString()) as Reading);
  }
  expect(answered, label).toEqual(reading.answered);
  expect(seen.map(withoutOwn), label).toEqual(reading.forwarded.map(({ leaves }) => leaves));
  if (reading.end !== "cut") {
    expect((await client.rest()).bytes.toString("latin1"), `behind ${label}`).toBe("");
  }
  client.close();
}

/** Less the fields that Balto writes itself. */
function withoutOwn({ method, target, fields, body }: Reading): Reading {
  const passed = fields.filter(
    ([name]) => !OWN.test(name) && !(method === "OPTIONS" && /^max-forwards$/i.test(name)),
  );
  return { method, target, fields: passed, body };
}
