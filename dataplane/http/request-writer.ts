/**
 * Request writer: the head that goes to a backend. RFC 9110 §7.6, RFC 9112 §3; compat-balto.md for
 * the forwarding fields.
 */
import { forwardStart, needsSlash } from "../../artifact/forward-path.ts";
import type { Route } from "../generation.ts";
import { holdsCookie, writeCookiesWithout } from "./cookies.ts";
import { endRun, keepField, NO_RUN } from "./field-copy.ts";
import { FIELD, type FieldList } from "./fields.ts";
import { CRLF, type Output } from "./output.ts";
import type { RequestHead } from "./request-head.ts";
import type { Via } from "./via.ts";

/** What of a request's head depends on the backend that it goes to. */
export interface RequestTarget {
  /** Put before every path. */
  readonly pathPrefix: Buffer;
  /** `host:port` as the Host field has it. */
  readonly authority: Buffer;
}

/** What a request head is made from, besides the head it came with. */
export interface Forwarding {
  route: Route;
  target: RequestTarget;
  /** Holds the path that was matched; the query is still in the bytes the head came in. */
  path: Buffer;
  pathStart: number;
  pathEnd: number;
  /** Where the path goes on behind the matched prefix. */
  rest: number;
  /** Values of the route's parameters, decoded, fit for a field. */
  parameters: readonly string[];
  /** The client's address, and whether what it says of others is believed. */
  peer: string;
  isTrusted: boolean;
  isTls: boolean;
  /** Where in the output the target's parts were written; `hostAt` is -1 where the client's host was. */
  prefixAt: number;
  hostAt: number;
  marks: RequestMarks;
  /** Undefined where no Via is added. */
  via: Via | undefined;
  /** Trailers go both ways. */
  passesTrailers: boolean;
}

/** Request id and trace context: what the client sent of them goes on, or Balto's own instead. */
export interface RequestMarks {
  /** @param kind of `FIELD`, one of the three from REQUEST_ID on */
  passes(kind: number): boolean;
  writeRequestFields(output: Output): void;
}

/** Of a request that nothing is noted of. */
export const NO_MARKS: RequestMarks = { passes: () => true, writeRequestFields: () => {} };

/** Writes the whole head, the empty line included. `bytes` is what `head` was parsed from. */
export function writeRequestHead(
  output: Output,
  bytes: Buffer,
  head: RequestHead,
  to: Forwarding,
): void {
  output.copy(bytes, head.methodStart, head.methodEnd);
  output.text(" ");
  writeTarget(output, bytes, head, to);
  output.put(VERSION_HOST);
  if (to.route.preserveHost && head.authorityEnd > head.authorityStart) {
    to.hostAt = -1;
    output.copy(bytes, head.authorityStart, head.authorityEnd);
  } else {
    to.hostAt = output.length;
    output.put(to.target.authority);
  }
  output.put(CRLF);
  writeFields(output, bytes, head, to);
  writeForwarding(output, bytes, head, to);
  if (to.via !== undefined) output.put(to.via.lineOf(head.minor));
  to.marks.writeRequestFields(output);
  for (let i = 0; i < to.parameters.length; i++) {
    output.put(to.route.parameterFields[i]!);
    output.bytes.write(to.parameters[i]!, output.length, "utf8");
    output.length += Buffer.byteLength(to.parameters[i]!);
    output.put(CRLF);
  }
  if (head.isChunked) output.put(CHUNKED);
  else if (head.contentLength !== -1) {
    output.put(CONTENT_LENGTH);
    output.decimal(head.contentLength);
    output.put(CRLF);
  }
  if (head.expectsContinue) output.put(EXPECT);
  if (head.maxForwards !== -1) {
    output.put(MAX_FORWARDS);
    output.decimal(head.maxForwards - 1);
    output.put(CRLF);
  }
  if (head.wantsWebSocket) output.put(UPGRADE);
  else if (to.passesTrailers && head.acceptsTrailers) output.put(TE);
  output.put(CRLF);
}

function writeTarget(output: Output, bytes: Buffer, head: RequestHead, to: Forwarding): void {
  to.prefixAt = output.length;
  output.put(to.target.pathPrefix);
  const { strip, isExact } = to.route;
  const start = forwardStart(strip, isExact, to.pathStart, to.rest, to.pathEnd);
  if (needsSlash(to.path, start, to.pathEnd)) output.text("/");
  output.copy(to.path, start, to.pathEnd);
  output.copy(bytes, head.pathEnd, head.queryEnd);
}

/** The client's fields, in their order. */
function writeFields(output: Output, bytes: Buffer, head: RequestHead, to: Forwarding): void {
  const { fields } = head;
  const ownCookie = to.route.sticky?.cookie;
  let run = NO_RUN;
  for (let i = 0; i < fields.count; i++) {
    if (!passesToBackend(bytes, head, to, i)) {
      run = endRun(output, bytes, fields, i, run);
    } else if (ownCookie !== undefined && holdsOwnCookie(bytes, fields, i, ownCookie)) {
      run = endRun(output, bytes, fields, i, run);
      writeCookiesWithout(output, bytes, fields.valueStart[i]!, fields.valueEnd[i]!, ownCookie);
    } else {
      run = keepField(output, bytes, fields, i, run);
    }
  }
  endRun(output, bytes, fields, fields.count, run);
}

/** Hop-by-hop fields do not, nor those that are written anew, nor what Connection names. */
function passesToBackend(bytes: Buffer, head: RequestHead, to: Forwarding, i: number): boolean {
  const { fields } = head;
  const kind = fields.kind[i]!;
  switch (kind) {
    case FIELD.OTHER:
      return !fields.isNamedByConnection(bytes, i);
    case FIELD.MAX_FORWARDS:
      return head.maxForwards === -1 && !fields.isNamedByConnection(bytes, i);
    case FIELD.TRAILER:
      return to.passesTrailers && head.isChunked && !fields.isNamedByConnection(bytes, i);
    case FIELD.PROTECTED:
    case FIELD.COOKIE:
    case FIELD.DATE:
    case FIELD.VIA:
    case FIELD.ALLOW_ORIGIN:
      return true;
    case FIELD.FORWARDED:
      return to.isTrusted;
    case FIELD.REQUEST_ID:
    case FIELD.TRACEPARENT:
    case FIELD.TRACESTATE:
      return to.marks.passes(kind);
    default:
      return false;
  }
}

function holdsOwnCookie(bytes: Buffer, fields: FieldList, i: number, cookie: Buffer): boolean {
  return (
    fields.kind[i] === FIELD.COOKIE &&
    holdsCookie(bytes, fields.valueStart[i]!, fields.valueEnd[i]!, cookie)
  );
}

function writeForwarding(output: Output, bytes: Buffer, head: RequestHead, to: Forwarding): void {
  output.put(FORWARDED_FOR);
  if (to.isTrusted) writeValues(output, bytes, head, FIELD.FORWARDED_FOR, true);
  output.text(to.peer);
  output.put(FORWARDED_PROTO);
  if (!to.isTrusted || !writeValues(output, bytes, head, FIELD.FORWARDED_PROTO, false)) {
    output.text(to.isTls ? "https" : "http");
  }
  if (to.isTrusted && hasValue(head, FIELD.FORWARDED_HOST)) {
    output.put(FORWARDED_HOST);
    writeValues(output, bytes, head, FIELD.FORWARDED_HOST, false);
  } else if (head.authorityEnd > head.authorityStart) {
    output.put(FORWARDED_HOST);
    output.copy(bytes, head.authorityStart, head.authorityEnd);
  }
  output.put(CRLF);
}

/** True where a field of a kind says anything. */
function hasValue({ fields }: RequestHead, kind: number): boolean {
  for (let i = 0; i < fields.count; i++) {
    if (fields.kind[i] === kind && fields.valueStart[i] !== fields.valueEnd[i]) return true;
  }
  return false;
}

/** Writes the values of all fields of a kind, comma-separated; `open` puts a comma behind the last. */
function writeValues(
  output: Output,
  bytes: Buffer,
  head: RequestHead,
  kind: number,
  open: boolean,
): boolean {
  const { fields } = head;
  let written = false;
  for (let i = 0; i < fields.count; i++) {
    if (fields.kind[i] !== kind || fields.valueStart[i] === fields.valueEnd[i]) continue;
    if (written && !open) output.text(", ");
    output.copy(bytes, fields.valueStart[i]!, fields.valueEnd[i]!);
    if (open) output.text(", ");
    written = true;
  }
  return written;
}

const VERSION_HOST = Buffer.from(" HTTP/1.1\r\nHost: ");
const FORWARDED_FOR = Buffer.from("X-Forwarded-For: ");
const FORWARDED_PROTO = Buffer.from("\r\nX-Forwarded-Proto: ");
const FORWARDED_HOST = Buffer.from("\r\nX-Forwarded-Host: ");
const CHUNKED = Buffer.from("Transfer-Encoding: chunked\r\n");
const CONTENT_LENGTH = Buffer.from("Content-Length: ");
const UPGRADE = Buffer.from("Connection: Upgrade\r\nUpgrade: websocket\r\n");
const TE = Buffer.from("Connection: TE\r\nTE: trailers\r\n");
const MAX_FORWARDS = Buffer.from("Max-Forwards: ");
const EXPECT = Buffer.from("Expect: 100-continue\r\n");
