// Message: reads HTTP/1.1 messages as strictly as they can be read. What is not canonical throws: an
// answer of Balto's, or a request that it sends, has exactly one reading.

import type { Peer } from "./peer.ts";

export type Field = readonly [name: string, value: string];

/** A head, as it stands. */
export interface Head {
  /** Without its CRLF. */
  startLine: string;
  fields: Field[];
}

/** Where a body ends. */
export type Framing =
  | { kind: "none" }
  | { kind: "length"; bytes: number }
  | { kind: "chunked" }
  | { kind: "close" };

/** The message is not what the RFC allows; or it is, and no canonical sender would write it. */
export class NotCanonical extends Error {
  override name = "NotCanonical";
}

/** The other side ended in the middle of a message. */
export class Truncated extends Error {
  override name = "Truncated";
}

const LINE_BYTES_MAX = 128 * 1024;

/** Reads a head; undefined where the other side has ended in front of it. */
export async function readHead(peer: Peer, withinMs?: number): Promise<Head | undefined> {
  const startLine = await readLine(peer, withinMs);
  if (startLine === undefined) return undefined;
  return { startLine, fields: await readFields(peer, `the head of ${startLine}`, withinMs) };
}

async function readFields(peer: Peer, what: string, withinMs?: number): Promise<Field[]> {
  const fields: Field[] = [];
  for (;;) {
    const line = await readLine(peer, withinMs);
    if (line === undefined) throw new Truncated(`in ${what}`);
    if (line === "") return fields;
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^]*?)[ \t]*$/.exec(line);
    if (match === null) throw new NotCanonical(`field line ${JSON.stringify(line)}`);
    fields.push([match[1]!, match[2]!]);
  }
}

/** All values of a field, in order. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields
    .filter(([field]) => field.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** The value of a field that may stand once; undefined where it does not stand. */
export function valueOf(fields: readonly Field[], name: string): string | undefined {
  const [value, ...more] = valuesOf(fields, name);
  if (more.length > 0) throw new NotCanonical(`${name} stands ${more.length + 1} times`);
  return value;
}

/** What the fields say of the body; `otherwise` where they say nothing. */
export function framingOf(fields: readonly Field[], otherwise: "none" | "close"): Framing {
  const length = valueOf(fields, "content-length");
  const coding = valueOf(fields, "transfer-encoding");
  if (length !== undefined && coding !== undefined) throw new NotCanonical("two framings");
  if (length !== undefined) {
    if (!/^(?:0|[1-9][0-9]*)$/.test(length)) throw new NotCanonical(`Content-Length ${length}`);
    return { kind: "length", bytes: Number(length) };
  }
  if (coding === undefined) return { kind: otherwise };
  if (coding !== "chunked") throw new NotCanonical(`Transfer-Encoding ${coding}`);
  return { kind: "chunked" };
}

/**
 * The body, piece by piece, as it comes. Throws where it ends before its end.
 *
 * @param trailers where the fields behind it are put; left out, there must be none
 */
export async function* readBody(
  peer: Peer,
  framing: Framing,
  withinMs?: number,
  trailers?: Field[],
): AsyncGenerator<Buffer, void> {
  if (framing.kind === "length") yield* take(peer, framing.bytes, withinMs);
  if (framing.kind === "close") {
    for (;;) {
      const chunk = await peer.read(withinMs);
      if (chunk === undefined) return;
      yield chunk;
    }
  }
  while (framing.kind === "chunked") {
    const line = await readLine(peer, withinMs);
    if (line === undefined) throw new Truncated("in front of a chunk");
    if (!/^[1-9a-f][0-9a-f]*$|^0$/i.test(line)) throw new NotCanonical(`chunk size "${line}"`);
    const bytes = Number.parseInt(line, 16);
    yield* take(peer, bytes, withinMs);
    if (bytes === 0 && trailers !== undefined) {
      trailers.push(...(await readFields(peer, "the trailers", withinMs)));
      return;
    }
    const end = await readLine(peer, withinMs);
    if (end === undefined) throw new Truncated("behind a chunk");
    // Behind the last chunk this is the end of an empty trailer section.
    if (end !== "") throw new NotCanonical(`"${end}" behind a chunk`);
    if (bytes === 0) return;
  }
}

async function* take(peer: Peer, bytes: number, withinMs?: number): AsyncGenerator<Buffer, void> {
  let left = bytes;
  while (left > 0) {
    const chunk = await peer.read(withinMs);
    if (chunk === undefined) throw new Truncated(`${left} of ${bytes} bytes are missing`);
    if (chunk.length > left) peer.unread(chunk.subarray(left));
    yield chunk.subarray(0, left);
    left -= Math.min(chunk.length, left);
  }
}

/** A line without its CRLF; undefined where the other side has ended in front of it. */
async function readLine(peer: Peer, withinMs?: number): Promise<string | undefined> {
  let line = Buffer.alloc(0);
  for (;;) {
    const chunk = await peer.read(withinMs);
    if (chunk === undefined) {
      if (line.length > 0) throw new Truncated(`in the line ${line.toString("latin1")}`);
      return undefined;
    }
    const at = chunk.indexOf(0x0a);
    line = Buffer.concat([line, at === -1 ? chunk : chunk.subarray(0, at + 1)]);
    if (line.length > LINE_BYTES_MAX) throw new NotCanonical("an endless line");
    if (at === -1) continue;
    peer.unread(chunk.subarray(at + 1));
    const text = line.toString("latin1");
    // oxlint-disable-next-line no-control-regex -- controls are what must not be there
    if (!/^[^\u0000-\u0008\u000a-\u001f\u007f]*\r\n$/.test(text)) {
      throw new NotCanonical(`line ${JSON.stringify(text)}`);
    }
    return text.slice(0, -2);
  }
}
