/**
 * ClientHello: the server name that a TLS client asks for, read from the first bytes of its connection
 * without ending the TLS (RFC 8446 §4.1.2, RFC 6066 §3; record layer RFC 8446 §5.1).
 *
 * It is read again from the beginning when more bytes have come: a ClientHello is one flight, of which
 * at most CLIENT_HELLO_BYTES_MAX are looked at.
 */

import { latin1 } from "../http/bytes.ts";

/** What has been read. */
export type ClientHello =
  /** More bytes are needed. */
  | { state: "incomplete" }
  /** Not TLS, or not a ClientHello that has one reading. */
  | { state: "malformed" }
  /** `name` is lower-case and without a trailing dot; "" where the client names no server. */
  | { state: "complete"; name: string; protocols: string[] };

/** Larger ones are refused; post-quantum key shares make some 2 KB. */
export const CLIENT_HELLO_BYTES_MAX = 16_384;

const INCOMPLETE: ClientHello = { state: "incomplete" };
const MALFORMED: ClientHello = { state: "malformed" };

const RECORD_HANDSHAKE = 22;
const RECORD_HEADER_BYTES = 5;
const RECORD_BYTES_MAX = 16_384;
const HANDSHAKE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const NAME_TYPE_HOST = 0;

/** Reads the ClientHello at the beginning of `bytes`, which may lie in any number of records. */
export function readClientHello(bytes: Buffer): ClientHello {
  const parts: Buffer[] = [];
  let have = 0;
  for (let at = 0; ;) {
    const due = messageBytes(parts, have);
    if (due === -1 || due > CLIENT_HELLO_BYTES_MAX) return MALFORMED;
    if (due > 0 && have >= due) return readMessage(Buffer.concat(parts).subarray(0, due));
    if (at === bytes.length) return INCOMPLETE;
    if (bytes[at] !== RECORD_HANDSHAKE) return MALFORMED;
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return MALFORMED;
    if (at + RECORD_HEADER_BYTES > bytes.length) return INCOMPLETE;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > RECORD_BYTES_MAX) return MALFORMED;
    at += RECORD_HEADER_BYTES;
    const part = bytes.subarray(at, at + length);
    parts.push(part);
    have += part.length;
    at += part.length;
  }
}

/** The message's length with its own header; 0 while that is not here, -1 for another message. */
function messageBytes(parts: readonly Buffer[], have: number): number {
  if (have === 0) return 0;
  const head = parts[0]!.length >= 4 ? parts[0]! : Buffer.concat(parts);
  if (head[0] !== HANDSHAKE_CLIENT_HELLO) return -1;
  return head.length < 4 ? 0 : 4 + head.readUIntBE(1, 3);
}

/** The whole message, its four-byte header included. */
function readMessage(message: Buffer): ClientHello {
  const cursor = new Cursor(message, 4, message.length);
  cursor.skip(2 + 32);
  cursor.vector(1);
  const suites = cursor.vector(2);
  const compressions = cursor.vector(1);
  if (suites.size < 2 || suites.size % 2 !== 0 || compressions.size < 1) return MALFORMED;
  if (cursor.failed) return MALFORMED;
  // TLS 1.2 allows a ClientHello without any extension.
  if (cursor.size === 0) return { state: "complete", name: "", protocols: [] };
  const extensions = cursor.vector(2);
  if (cursor.failed || cursor.size !== 0) return MALFORMED;
  let name: string | undefined;
  let protocols: string[] | undefined;
  while (extensions.size > 0) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (extensions.failed) return MALFORMED;
    if (type === EXTENSION_SERVER_NAME) {
      // Twice is forbidden (RFC 8446 §4.2), and would be two readings.
      if (name !== undefined) return MALFORMED;
      name = readServerName(body);
      if (name === undefined) return MALFORMED;
    } else if (type === EXTENSION_ALPN) {
      if (protocols !== undefined) return MALFORMED;
      protocols = readProtocols(body);
      if (protocols === undefined) return MALFORMED;
    }
  }
  return { state: "complete", name: name ?? "", protocols: protocols ?? [] };
}

/** RFC 6066 §3: a list that may hold one name of each type, of which there is one. */
function readServerName(body: Cursor): string | undefined {
  const list = body.vector(2);
  if (body.failed || body.size !== 0 || list.size === 0) return undefined;
  const type = list.number(1);
  const name = list.vector(2);
  if (list.failed || list.size !== 0 || type !== NAME_TYPE_HOST) return undefined;
  const text = name.text().toLowerCase();
  return SERVER_NAME.test(text) && text.length <= 255 ? text.replace(/\.$/, "") : undefined;
}

/** A host name as the DNS has it, in ASCII; no address (RFC 6066 §3). */
const SERVER_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/;

/** RFC 7301 §3.1. */
function readProtocols(body: Cursor): string[] | undefined {
  const list = body.vector(2);
  if (body.failed || body.size !== 0 || list.size === 0) return undefined;
  const protocols: string[] = [];
  while (list.size > 0) {
    const protocol = list.vector(1);
    if (list.failed || protocol.size === 0) return undefined;
    protocols.push(protocol.text());
  }
  return protocols;
}

/** Reads forwards through a part of a message; reading beyond it fails once and for all. */
class Cursor {
  failed = false;
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Bytes left. */
  get size(): number {
    return this.#end - this.#at;
  }

  skip(count: number): void {
    if (count > this.size) this.failed = true;
    else this.#at += count;
  }

  /** An unsigned number of so many bytes. */
  number(size: number): number {
    if (size > this.size) {
      this.failed = true;
      return 0;
    }
    this.#at += size;
    return this.#bytes.readUIntBE(this.#at - size, size);
  }

  /** A part with its length in front, in so many bytes. */
  vector(lengthBytes: number): Cursor {
    const length = this.number(lengthBytes);
    if (this.failed || length > this.size) {
      this.failed = true;
      return new Cursor(this.#bytes, this.#at, this.#at);
    }
    this.#at += length;
    return new Cursor(this.#bytes, this.#at - length, this.#at);
  }

  text(): string {
    return latin1(this.#bytes, this.#at, this.#end);
  }
}
