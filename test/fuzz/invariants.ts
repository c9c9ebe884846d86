// Invariants: what holds of both parsers and the body decoder whatever bytes they get. Each check
// throws where it does not.

import assert from "node:assert/strict";

import { BodyDecoder } from "../../dataplane/http/body.ts";
import { latin1 } from "../../dataplane/http/bytes.ts";
import { NEED_MORE } from "../../dataplane/http/field-lines.ts";
import type { FieldList } from "../../dataplane/http/fields.ts";
import { RequestHead } from "../../dataplane/http/request-head.ts";
import { ResponseHead } from "../../dataplane/http/response-head.ts";
import type { Random } from "./random.ts";
import { checkClientHello, checkProxyHeader, type StreamTarget } from "./stream-invariants.ts";

/** What is fuzzed. */
export type Target = "request" | "response" | "body" | StreamTarget;

const limits = { headBytesMax: 2048, targetBytesMax: 512, fieldsMax: 24 };
const request = new RequestHead(limits);
const response = new ResponseHead(limits);

/** All the parser says of a head, in words that do not depend on where the head lies. */
interface HeadReading {
  result: number;
  said: unknown;
}

interface HeadParser {
  parse(bytes: Buffer, start: number, end: number): HeadReading;
  /** The head that was parsed last, written as it would be by the book. */
  canonical(bytes: Buffer): Buffer;
}

const PARSERS: Record<"request" | "response", HeadParser> = {
  request: { parse: parseRequest, canonical: canonicalRequest },
  response: { parse: parseResponse, canonical: canonicalResponse },
};

/** Checks an input against everything that must hold. */
export function check(target: Target, input: Buffer, random: Random): void {
  if (target === "proxy-header") checkProxyHeader(input, random);
  else if (target === "client-hello") checkClientHello(input, random);
  else if (target === "body") checkBody(input, random);
  else checkHead(PARSERS[target], input, random);
}

/** What lies around an input in the shared read buffer: other messages' bytes. */
const SURROUNDINGS = [
  "\r\n\r\n",
  "x: y\r\n\r\nHost: z\r\n\r\n",
  "\0\n\xff]",
  "0123456789abcdef%2e",
];

function surrounded(input: Buffer, before: number, behind: string): Buffer {
  return Buffer.concat([Buffer.alloc(before, "\r\n:"), input, Buffer.from(behind, "latin1")]);
}

function checkHead(parser: HeadParser, input: Buffer, random: Random): void {
  const bytes = Buffer.from(input);
  const whole = parser.parse(bytes, 0, bytes.length);
  assert.ok(bytes.equals(input), "the parser wrote into its input");
  assert.ok(Number.isInteger(whole.result) && whole.result <= input.length, `${whole.result}`);

  // Neither what is around it nor where it lies makes a difference.
  for (const behind of SURROUNDINGS) {
    const before = random.below(9);
    const other = surrounded(input, before, behind);
    const moved = parser.parse(other, before, before + input.length);
    const result = moved.result > 0 ? moved.result - before : moved.result;
    assert.deepEqual({ ...moved, result }, whole, "it reads what is not its own");
  }

  // What is complete or wrong early is so for the same reason.
  for (const end of ends(input.length, random)) {
    const { result } = parser.parse(bytes, 0, end);
    if (result === NEED_MORE) {
      assert.ok(whole.result <= 0 || end < whole.result, `more wanted after all of it: ${end}`);
    } else if (result > 0) {
      assert.equal(result, whole.result, `complete after ${end}`);
      assert.ok(result <= end, `${result} is behind ${end}`);
    } else if (!isLimit(result) && !isLimit(whole.result)) {
      assert.equal(result, whole.result, `refused after ${end}`);
    } else {
      assert.ok(whole.result < 0, `refused after ${end} and taken whole`);
    }
  }
  if (whole.result <= 0) return;

  // Written by the book it says the same, and nothing that it says can end a line.
  parser.parse(bytes, 0, bytes.length);
  const canonical = parser.canonical(bytes);
  const again = parser.parse(canonical, 0, canonical.length);
  assert.equal(again.result, canonical.length, canonical.toString("latin1"));
  assert.deepEqual(again.said, whole.said);
}

function isLimit(result: number): boolean {
  return result === -414 || result === -431;
}

/** Every end of a short input, a sample of a long one's. */
function ends(length: number, random: Random): number[] {
  if (length <= 160) return Array.from({ length: Math.max(length - 1, 0) }, (_, at) => at + 1);
  return Array.from({ length: 80 }, () => 1 + random.below(length - 1));
}

function fieldsOf(fields: FieldList, bytes: Buffer, start: number, end: number): unknown[] {
  const list: unknown[] = [];
  let before = start;
  for (let i = 0; i < fields.count; i++) {
    const offsets = [
      before,
      fields.nameStart[i]!,
      fields.nameEnd[i]!,
      fields.valueStart[i]!,
      fields.valueEnd[i]!,
      fields.lineEnd[i]!,
      end,
    ];
    ordered(offsets);
    before = fields.lineEnd[i]!;
    const name = latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!);
    const value = latin1(bytes, fields.valueStart[i]!, fields.valueEnd[i]!);
    // oxlint-disable-next-line no-control-regex -- controls are what must not be there
    assert.ok(!/[\0-\x08\x0a-\x1f\x7f]/.test(name + value) && name !== "", name + value);
    assert.equal(value, value.replace(/^[ \t]+|[ \t]+$/g, ""));
    list.push([name, value, fields.kind[i], fields.isNamedByConnection(bytes, i)]);
  }
  return list;
}

function ordered(offsets: readonly number[]): void {
  for (let i = 1; i < offsets.length; i++) {
    assert.ok(offsets[i - 1]! <= offsets[i]!, `offsets out of order: ${offsets.join()}`);
  }
}

function parseRequest(bytes: Buffer, start: number, end: number): HeadReading {
  const result = request.parse(bytes, start, end);
  if (result <= 0) return { result, said: undefined };
  const { methodStart, methodEnd, pathStart, pathEnd, queryEnd, hostStart, hostEnd } = request;
  ordered([start, methodStart, methodEnd, pathStart, pathEnd, queryEnd, result, end]);
  ordered([0, hostStart, hostEnd, request.authorityEnd, end]);
  const said = {
    method: latin1(bytes, methodStart, methodEnd),
    path: latin1(bytes, pathStart, pathEnd),
    query: latin1(bytes, pathEnd, queryEnd),
    authority: latin1(bytes, request.authorityStart, request.authorityEnd),
    host: latin1(bytes, hostStart, hostEnd),
    isHead: request.isHead,
    isRepeatable: request.isRepeatable,
    isAsterisk: request.isAsterisk,
    minor: request.minor,
    contentLength: request.contentLength,
    isChunked: request.isChunked,
    keepAlive: request.keepAlive,
    expectsContinue: request.expectsContinue,
    maxForwards: request.maxForwards,
    fields: fieldsOf(request.fields, bytes, queryEnd, result),
  };
  return { result, said };
}

function canonicalRequest(bytes: Buffer): Buffer {
  const { methodStart, pathStart, authorityStart, authorityEnd, queryEnd, isAsterisk } = request;
  const method = latin1(bytes, methodStart, request.methodEnd);
  const isAbsolute = authorityEnd > authorityStart && authorityEnd <= pathStart;
  const prefix = isAbsolute ? `http://${latin1(bytes, authorityStart, authorityEnd)}` : "";
  const target = isAsterisk ? "*" : prefix + latin1(bytes, pathStart, queryEnd);
  return withFields(`${method} ${target} HTTP/1.${request.minor}`, request.fields, bytes);
}

function parseResponse(bytes: Buffer, start: number, end: number): HeadReading {
  const result = response.parse(bytes, start, end);
  if (result <= 0) return { result: Math.sign(result) * 400, said: undefined };
  ordered([start, response.reasonStart, response.reasonEnd, result, end]);
  assert.ok(response.status >= 100 && response.status <= 599);
  const said = {
    status: response.status,
    minor: latin1(bytes, start, start + 8),
    reason: latin1(bytes, response.reasonStart, response.reasonEnd),
    contentLength: response.contentLength,
    isChunked: response.isChunked,
    keepAlive: response.keepAlive,
    keepAliveSeconds: response.keepAliveSeconds,
    hasDate: response.hasDate,
    fields: fieldsOf(response.fields, bytes, response.reasonEnd, result),
  };
  return { result, said };
}

function canonicalResponse(bytes: Buffer): Buffer {
  const version = latin1(bytes, 0, 8);
  const reason = latin1(bytes, response.reasonStart, response.reasonEnd);
  return withFields(`${version} ${response.status} ${reason}`, response.fields, bytes);
}

function withFields(startLine: string, fields: FieldList, bytes: Buffer): Buffer {
  const lines = Array.from({ length: fields.count }, (_, i) => {
    const name = latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!);
    return `${name}: ${latin1(bytes, fields.valueStart[i]!, fields.valueEnd[i]!)}\r\n`;
  });
  return Buffer.from(`${startLine}\r\n${lines.join("")}\r\n`, "latin1");
}

/** What a decoder makes of a body that comes in pieces. */
interface BodyReading {
  content: string;
  consumed: number;
  isDone: boolean;
}

function decode(pieces: readonly Buffer[]): BodyReading | "broken" {
  const decoder = new BodyDecoder();
  decoder.beginChunked();
  const reading: BodyReading = { content: "", consumed: 0, isDone: false };
  for (const piece of pieces) {
    if (decoder.done) break;
    // In the middle of other bytes, which must be as they were afterwards.
    const bytes = surrounded(piece, 3, "\r\n0\r\n\r\n");
    const start = 3;
    const end = start + piece.length;
    const before = Buffer.from(bytes);
    const isSound = decoder.read(bytes, start, end);
    assert.ok(bytes.subarray(0, start).equals(before.subarray(0, start)), "it wrote in front");
    assert.ok(bytes.subarray(end).equals(before.subarray(end)), "it wrote behind");
    if (!isSound) return "broken";
    const { contentStart, contentEnd, next } = decoder;
    ordered([start, contentStart, contentEnd, next, end]);
    assert.ok(decoder.done || next === end, "bytes of the body were left");
    reading.content += latin1(bytes, contentStart, contentEnd);
    reading.consumed += next - start;
  }
  reading.isDone = decoder.done;
  return reading;
}

function checkBody(input: Buffer, random: Random): void {
  const whole = decode([input]);
  for (let n = 0; n < 4; n++) assert.deepEqual(decode(random.pieces(input, 6)), whole);
  const bytewise = Array.from(input, (byte) => Buffer.of(byte));
  assert.deepEqual(decode(bytewise), whole);
  if (whole === "broken" || !whole.isDone) return;
  assert.deepEqual(decode([input.subarray(0, whole.consumed)]), whole);
  const { content } = whole;
  const size = content.length === 0 ? "" : `${content.length.toString(16)}\r\n${content}\r\n`;
  const canonical = Buffer.from(`${size}0\r\n\r\n`, "latin1");
  assert.deepEqual(decode([canonical]), { ...whole, consumed: canonical.length });
}
