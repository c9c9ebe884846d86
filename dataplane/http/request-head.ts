/**
 * Request head: RFC 9112 §2–3, RFC 9110 §7.2, parsed in place from bytes, as offsets.
 *
 * What could be read in two ways is refused. Nothing is decided here about routes or bodies beyond
 * what the head itself says.
 */
import { isIPv6 } from "node:net";

import type { PredicateInput } from "../../artifact/request-values.ts";
import {
  COLON,
  COMMA,
  CR,
  decimal,
  equals,
  equalsFolded,
  HOST_NAME,
  HTAB,
  latin1,
  LF,
  QUESTION,
  SLASH,
  SP,
  TARGET,
  TOKEN,
} from "./bytes.ts";
import { BAD, NEED_MORE, readFieldLines, TOO_MANY_FIELDS } from "./field-lines.ts";
import { FIELD, FieldList, hasUnderscore } from "./fields.ts";

/** Limits of a request head; bytes and counts. */
export interface HeadLimits {
  headBytesMax: number;
  targetBytesMax: number;
  fieldsMax: number;
}

/** Longer methods are refused; the longest registered one has 17 bytes. */
const METHOD_BYTES_MAX = 32;

export class RequestHead implements PredicateInput {
  readonly fields: FieldList;
  #isGet = false;
  readonly #limits: HeadLimits;
  methodStart = 0;
  methodEnd = 0;
  isHead = false;
  /** Idempotent methods (RFC 9110 §9.2.2): may be sent again when a connection breaks. */
  isRepeatable = false;
  /** Methods that ask for nothing but an answer (RFC 9110 §9.2.1): may be sent twice. */
  isSafe = false;
  /** Path and query of the target. The path is empty for `OPTIONS *` and `http://host`. */
  pathStart = 0;
  pathEnd = 0;
  /** The query without its "?"; empty where there is none. */
  queryStart = 0;
  queryEnd = 0;
  isAsterisk = false;
  minor = 1;
  /** The authority as it came, with its port: Host, or the absolute form's. */
  authorityStart = 0;
  authorityEnd = 0;
  /** The host alone, without port and trailing dot. */
  hostStart = 0;
  hostEnd = 0;
  /** -1 where there is no Content-Length. */
  contentLength = -1;
  isChunked = false;
  keepAlive = true;
  expectsContinue = false;
  /** Of an OPTIONS request (RFC 9110 §7.6.2); -1 where there is none, and for every other method. */
  maxForwards = -1;
  /** It says `TE: trailers`, in HTTP/1.1. */
  acceptsTrailers = false;
  /** A WebSocket handshake as RFC 6455 §4.1 has it; every other Upgrade is ignored. */
  wantsWebSocket = false;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.fields = new FieldList(limits.fieldsMax);
  }

  /**
   * Parses a head that begins at `start`.
   *
   * @returns the offset behind the head; NEED_MORE; or a status to refuse it with, negated
   */
  parse(bytes: Buffer, start: number, end: number): number {
    const result = this.#parse(bytes, start, end);
    const length = (result > 0 ? result : end) - start;
    if (result >= 0 && length > this.#limits.headBytesMax) return -431;
    return result;
  }

  #parse(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (bytes[at] === CR) {
      if (at + 1 >= end) return NEED_MORE;
      if (bytes[at + 1] !== LF) return BAD;
      at += 2;
    }
    at = this.#requestLine(bytes, at, end);
    if (at <= 0) return at;
    const behind = readFieldLines(bytes, at, end, this.fields);
    if (behind <= 0) return behind === TOO_MANY_FIELDS ? -431 : behind;
    const refusal = this.#interpret(bytes);
    return refusal === 0 ? behind : refusal;
  }

  #requestLine(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    if (at - start > METHOD_BYTES_MAX) return BAD;
    if (at === end) return NEED_MORE;
    if (at === start || bytes[at] !== SP) return BAD;
    this.methodStart = start;
    this.methodEnd = at++;
    if (equals(bytes, start, this.methodEnd, PRI)) return BAD;

    const target = at;
    while (at < end && TARGET[bytes[at]!] === 1) at++;
    if (at - target > this.#limits.targetBytesMax) return -414;
    if (at === end) return NEED_MORE;
    if (at === target || bytes[at] !== SP) return BAD;
    const targetEnd = at++;

    for (let i = 0; i < HTTP_1.length; i++) {
      if (at + i === end) return NEED_MORE;
      if (bytes[at + i] !== HTTP_1[i]) return this.#version(bytes, at, end);
    }
    at += HTTP_1.length;
    if (at + 2 >= end) return NEED_MORE;
    this.minor = bytes[at]! - 0x30;
    if (this.minor < 0 || this.minor > 9 || bytes[at + 1] !== CR || bytes[at + 2] !== LF)
      return BAD;
    const refusal = this.#method(bytes) || this.#target(bytes, target, targetEnd);
    return refusal === 0 ? at + 3 : refusal;
  }

  /** A version that is not HTTP/1.x: 505 where it is well formed, 400 otherwise. */
  #version(bytes: Buffer, at: number, end: number): number {
    const line = bytes.indexOf(LF, at);
    if (line === -1 || line >= end) return end - at > 16 ? BAD : NEED_MORE;
    return /^HTTP\/[2-9]\.[0-9]\r\n$/.test(latin1(bytes, at, line + 1)) ? -505 : BAD;
  }

  #method(bytes: Buffer): number {
    const { methodStart, methodEnd } = this;
    this.isHead = equals(bytes, methodStart, methodEnd, HEAD);
    this.#isGet = equals(bytes, methodStart, methodEnd, GET);
    this.isSafe = this.#isGet || this.isHead || equals(bytes, methodStart, methodEnd, OPTIONS);
    this.isRepeatable =
      this.isSafe ||
      equals(bytes, methodStart, methodEnd, PUT) ||
      equals(bytes, methodStart, methodEnd, DELETE);
    for (const name of REFUSED) if (equals(bytes, methodStart, methodEnd, name)) return -405;
    return 0;
  }

  #target(bytes: Buffer, start: number, end: number): number {
    this.authorityStart = this.authorityEnd = 0;
    this.isAsterisk = false;
    if (bytes[start] !== SLASH) {
      if (
        end - start === 1 &&
        bytes[start] === 0x2a &&
        equals(bytes, this.methodStart, this.methodEnd, OPTIONS)
      ) {
        this.isAsterisk = true;
        this.pathStart = this.pathEnd = this.queryStart = this.queryEnd = start;
        return 0;
      }
      return this.#absolute(bytes, start, end);
    }
    this.#split(bytes, start, end);
    return 0;
  }

  /** absolute-form, RFC 9112 §3.2.2: its authority is the host. */
  #absolute(bytes: Buffer, start: number, end: number): number {
    const scheme = /^https?:\/\//i.exec(latin1(bytes, start, Math.min(end, start + 8)));
    if (scheme === null) return BAD;
    this.authorityStart = start + scheme[0].length;
    let at = this.authorityStart;
    while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
    this.authorityEnd = at;
    this.#split(bytes, at, end);
    return this.#host(bytes, this.authorityStart, this.authorityEnd);
  }

  #split(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && bytes[at] !== QUESTION) at++;
    this.pathStart = start;
    this.pathEnd = at;
    this.queryStart = at === end ? end : at + 1;
    this.queryEnd = end;
  }

  /** What the fields say of host, framing and connection; 0 or a negated status. */
  #interpret(bytes: Buffer): number {
    const { fields } = this;
    let hosts = 0;
    let connection = 0;
    let expects = 0;
    let upgrades = false;
    this.contentLength = -1;
    this.isChunked = false;
    this.expectsContinue = false;
    this.acceptsTrailers = false;
    this.maxForwards = -1;
    for (let i = 0; i < fields.count; i++) {
      const start = fields.valueStart[i]!;
      const end = fields.valueEnd[i]!;
      switch (fields.kind[i]!) {
        case FIELD.HOST: {
          if (++hosts > 1) return BAD;
          const refusal = this.#hostField(bytes, start, end);
          if (refusal !== 0) return refusal;
          break;
        }
        case FIELD.CONTENT_LENGTH:
          if (this.contentLength !== -1) return BAD;
          this.contentLength = decimal(bytes, start, end);
          if (this.contentLength === -1) return BAD;
          break;
        case FIELD.TRANSFER_ENCODING: {
          if (this.isChunked) return BAD;
          const refusal = transferCoding(bytes, start, end);
          if (refusal !== 0) return refusal;
          this.isChunked = true;
          break;
        }
        case FIELD.CONNECTION: {
          const bits = fields.addConnection(bytes, start, end);
          if (bits === -1) return BAD;
          connection |= bits;
          break;
        }
        case FIELD.EXPECT:
          if (++expects > 1 || !equalsFolded(bytes, start, end, CONTINUE)) return -417;
          if (hasUnderscore(bytes, start, end)) return -417;
          this.expectsContinue = this.minor > 0;
          break;
        case FIELD.MAX_FORWARDS: {
          if (!equals(bytes, this.methodStart, this.methodEnd, OPTIONS)) break;
          if (this.maxForwards !== -1) return BAD;
          this.maxForwards = decimal(bytes, start, end);
          if (this.maxForwards === -1) return BAD;
          break;
        }
        case FIELD.TE:
          if (this.minor > 0 && namesTrailers(bytes, start, end)) this.acceptsTrailers = true;
          break;
        case FIELD.UPGRADE:
          upgrades = this.#isGet && equalsFolded(bytes, start, end, WEBSOCKET);
          break;
        default:
      }
    }
    if (this.isChunked && (this.contentLength !== -1 || this.minor === 0)) return BAD;
    if (hosts === 0) {
      if (this.minor > 0) return BAD;
      if (this.authorityEnd === this.authorityStart) this.hostStart = this.hostEnd = 0;
    }
    this.wantsWebSocket =
      upgrades &&
      (connection & 4) !== 0 &&
      this.minor > 0 &&
      !this.isChunked &&
      this.contentLength <= 0;
    this.keepAlive = (connection & 1) === 0 && (this.minor > 0 || (connection & 2) !== 0);
    return 0;
  }

  #hostField(bytes: Buffer, start: number, end: number): number {
    if (this.authorityEnd > this.authorityStart) {
      const authority = latin1(bytes, this.authorityStart, this.authorityEnd).toLowerCase();
      return authority === latin1(bytes, start, end).toLowerCase() ? 0 : BAD;
    }
    this.authorityStart = start;
    this.authorityEnd = end;
    return this.#host(bytes, start, end);
  }

  /** `host [":" port]`, RFC 9110 §4.2.3 without userinfo; the port may be empty. */
  #host(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (bytes[at] === 0x5b) {
      const close = bytes.indexOf(0x5d, at);
      if (close === -1 || close >= end) return BAD;
      const address = latin1(bytes, at + 1, close);
      // A zone is this host's own business (RFC 9110 §4.2.1 knows none); isIPv6 would take it.
      if (address.includes("%") || !isIPv6(address)) return BAD;
      at = close + 1;
    } else {
      while (at < end && HOST_NAME[bytes[at]!] === 1) at++;
    }
    if (at === start || at - start > 255) return BAD;
    this.hostStart = start;
    this.hostEnd = bytes[at - 1] === 0x2e && at - 1 > start ? at - 1 : at;
    if (at === end) return 0;
    if (bytes[at] !== COLON) return BAD;
    return at + 1 === end || isPort(decimal(bytes, at + 1, end)) ? 0 : BAD;
  }
}

function isPort(port: number): boolean {
  return port >= 0 && port <= 65535;
}

/** True where `trailers` is one of the members of a TE field, RFC 9110 §10.1.4. */
function namesTrailers(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB || bytes[at] === COMMA)) at++;
    const from = at;
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    const to = at;
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    if ((at === end || bytes[at] === COMMA) && equalsFolded(bytes, from, to, TRAILERS)) return true;
    while (at < end && bytes[at] !== COMMA) at++;
  }
  return false;
}

/** 0 for `chunked` alone; 501 where another known coding stands before it; 400 for all else. */
function transferCoding(bytes: Buffer, start: number, end: number): number {
  if (equalsFolded(bytes, start, end, CHUNKED)) return 0;
  const known = /^(?:(?:gzip|x-gzip|deflate|compress|x-compress)[ \t]*,[ \t]*)+chunked$/i;
  return known.test(latin1(bytes, start, end)) ? -501 : BAD;
}

const HTTP_1 = Buffer.from("HTTP/1.");
const HEAD = Buffer.from("HEAD");
const GET = Buffer.from("GET");
const WEBSOCKET = Buffer.from("websocket");
const OPTIONS = Buffer.from("OPTIONS");
const PRI = Buffer.from("PRI");
const PUT = Buffer.from("PUT");
const DELETE = Buffer.from("DELETE");
const REFUSED = ["CONNECT", "TRACE", "TRACK"].map((name) => Buffer.from(name));
const CONTINUE = Buffer.from("100-continue");
const TRAILERS = Buffer.from("trailers");
const CHUNKED = Buffer.from("chunked");
