// A storm: many connections that do everything at random and at once. Every answer must be the one to
// its request, byte for byte, whatever others send, break off or leave unread meanwhile.

import { crc32 } from "node:zlib";
import type { ServerResponse } from "node:http";

import { expect, test } from "vitest";

import { serving } from "../harness/artifact.ts";
import { Client, requestBytes } from "../harness/client.ts";
import { start } from "../harness/data-plane.ts";
import { type Received, startOrigin } from "../harness/origin.ts";
import { sleep, until } from "../harness/until.ts";

const CONNECTIONS = 32;
const ROUNDS = 60;
const SEED = 20_261_121;

/** mulberry32: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Bytes that belong to one request and no other. */
function pattern(id: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `<${id}>`);
}

const sizes = [0, 1, 100, 5_000, 16_384, 33_000, 60_000, 70_000, 200_000];

/** The target says what the origin is to answer: /<id>/<size>/<how>. */
async function answer(response: ServerResponse, received: Received): Promise<void> {
  const [, id, size, how] = received.target.split("/") as [string, string, string, string];
  if (how !== "early") await until("the body", () => received.isComplete || received.isAborted);
  const body = pattern(id, Number(size));
  response.setHeader("X-Seen", `${id} ${received.bodyBytes} ${received.bodyCrc}`);
  if (how === "length") response.setHeader("Content-Length", body.length);
  const at = Math.floor(body.length / 3);
  response.write(body.subarray(0, at));
  if (how === "slow") await sleep(5);
  response.end(body.subarray(at));
}

interface Planned {
  line: string;
  bytes: Buffer;
  method: string;
  status: number;
  body: Buffer;
  /** X-Seen; undefined where the origin may answer before it has seen all. */
  seen: string | undefined;
}

function plan(id: string, pick: (below: number) => number): Planned {
  const size = sizes[pick(sizes.length)]!;
  const method = ["GET", "POST", "PUT", "HEAD"][pick(4)]!;
  const hasBody = method === "POST" || method === "PUT";
  const how = ["length", "chunked", "slow", hasBody ? "early" : "length"][pick(4)]!;
  // An early answer's connection is kept where the body is short.
  const sent = hasBody ? pattern(`${id}-up`, sizes[pick(how === "early" ? 7 : sizes.length)]!) : "";
  const isNowhere = pick(12) === 0 && sent.length <= 60_000;
  const line = isNowhere ? `${method} /nowhere/${id}` : `${method} /at/${id}/${size}/${how}`;
  const isChunked = sent.length > 0 && pick(2) === 0;
  const framed = isChunked
    ? Buffer.concat([Buffer.from(`${sent.length.toString(16)};x\r\n`), sent as Buffer, end])
    : sent;
  const none = Buffer.alloc(0);
  const expected = isNowhere ? Buffer.from("route not found\n") : pattern(id, size);
  const crc = crc32(sent);
  return {
    line,
    method,
    bytes: requestBytes(line, isChunked ? ["Transfer-Encoding: chunked"] : [], framed),
    status: isNowhere ? 404 : 200,
    body: method === "HEAD" ? none : expected,
    seen: how === "early" || isNowhere ? undefined : `${id} ${sent.length} ${crc}`,
  };
}

const end = Buffer.from("\r\n0\r\n\r\n");

/** Pieces of random sizes. */
function pieces(bytes: Buffer, pick: (below: number) => number): Buffer[] {
  const cuts = Array.from({ length: pick(4) }, () => pick(bytes.length)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

async function expectAnswer(client: Client, request: Planned): Promise<void> {
  const got = await client.answer({ method: request.method });
  expect(got.status, request.line).toBe(request.status);
  expect(got.body.equals(request.body), request.line).toBe(true);
  if (request.seen !== undefined) expect(got.field("x-seen"), request.line).toBe(request.seen);
  expect(got.field("connection"), request.line).toBeUndefined();
}

/** One client's part; gives how many answers it got. */
async function rage(port: number, number: number): Promise<number> {
  const pick = random(SEED + number);
  let client = await Client.to(port);
  let answered = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const requests = Array.from({ length: 1 + pick(4) }, (_, index) =>
      plan(`${number}.${round}.${index}`, pick),
    );
    if (pick(8) === 0) {
      // Breaks off somewhere in the middle.
      client.send(...requests.map(({ bytes }) => bytes)).catch(() => undefined);
      await sleep(pick(10));
      if (pick(2) === 0) client.reset();
      else client.close();
      client = await Client.to(port);
      continue;
    }
    if (pick(2) === 0) {
      // One behind the other.
      for (const request of requests) {
        const sending = client.send(...pieces(request.bytes, pick));
        await expectAnswer(client, request);
        // An early answer may come before the request's last byte has gone.
        await sending;
      }
    } else {
      // All at once, and for a while nothing is read.
      const all = Buffer.concat(requests.map(({ bytes }) => bytes));
      const sending = client.send(...pieces(all, pick));
      client.hold();
      await sleep(pick(4) === 0 ? pick(30) : 0);
      client.release();
      for (const request of requests) await expectAnswer(client, request);
      await sending;
    }
    answered += requests.length;
  }
  client.close();
  return answered;
}

test("every answer in a storm is the one to its request, byte for byte", async () => {
  const origin = await startOrigin(answer, { dropsBodies: true });
  const balto = await start(serving({ pattern: "/at/*", to: origin }), { workers: 2 });
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, number) => rage(balto.port, number)),
  );
  expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThan(CONNECTIONS * ROUNDS);
});
