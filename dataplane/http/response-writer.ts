/**
 * Response writer: the head that goes to a client, a backend's or one of Balto's own.
 */
import { endRun, keepField, NO_RUN } from "./field-copy.ts";
import { FIELD, type FieldList } from "./fields.ts";
import { httpDate } from "./http-date.ts";
import { CRLF, type Output } from "./output.ts";
import type { ResponseHead } from "./response-head.ts";
import { ANSWERS, type OwnStatus } from "./status.ts";
import type { Via } from "./via.ts";

/** How the client's connection and the body are framed. */
export interface Framing {
  /** HTTP/1.0 clients are told that the connection stays; HTTP/1.1 ones are told that it does not. */
  minor: number;
  keepAlive: boolean;
  chunked: boolean;
  /** Trailers go on behind the body. */
  trailers: boolean;
  /** -1 writes no Content-Length. */
  contentLength: number;
  /** CORS lines of Balto's own, each with its CRLF; "" leaves the backend's as they are. */
  cors: string;
  /** The line that sets a cookie of Balto's own; "" where there is none. */
  cookie: string;
  /** Undefined where no Via is added. */
  via: Via | undefined;
}

/** The request's id: Balto's own, or what the backend says. */
export interface AnswerMarks {
  /** Balto's own. */
  readonly hasId: boolean;
  writeAnswerFields(output: Output): void;
}

/** Leaves the backend's fields as they are. */
const NO_MARKS: AnswerMarks = { hasId: false, writeAnswerFields: () => {} };

/** Writes a backend's head. `bytes` is what `head` was parsed from. */
export function writeResponseHead(
  output: Output,
  bytes: Buffer,
  head: ResponseHead,
  framing: Framing,
  marks: AnswerMarks,
): void {
  const { minor, keepAlive, chunked, contentLength, cors, trailers } = framing;
  writeStatusAndFields(output, bytes, head, cors !== "", trailers, marks.hasId);
  if (cors !== "") output.text(cors);
  if (framing.cookie !== "") output.text(framing.cookie);
  if (framing.via !== undefined) output.put(framing.via.lineOf(head.minor));
  marks.writeAnswerFields(output);
  if (!head.hasDate) writeDate(output);
  writeFraming(output, minor, keepAlive, chunked, contentLength);
}

/** Writes an interim (1xx) head: its fields and `lines`, no framing. */
export function writeInterimHead(
  output: Output,
  bytes: Buffer,
  head: ResponseHead,
  lines: string,
  via: Via | undefined,
  marks: AnswerMarks = NO_MARKS,
): void {
  writeStatusAndFields(output, bytes, head, false, false, marks.hasId);
  if (via !== undefined) output.put(via.lineOf(head.minor));
  output.text(lines);
  marks.writeAnswerFields(output);
  if (head.status === 101) output.put(UPGRADE);
  output.put(CRLF);
}

/** An answer of Balto's own. */
export interface OwnAnswer {
  status: OwnStatus;
  /** Further field lines, each with its CRLF. */
  fields: string;
  /** A body of JSON; "" is the status's own line of text. */
  json: string;
  minor: number;
  keepAlive: boolean;
  isHead: boolean;
}

/**
 * Writes an answer of Balto's own, head and body.
 *
 * @returns bytes of the body
 */
export function writeOwnAnswer(output: Output, answer: OwnAnswer): number {
  const { status, fields, json, minor, keepAlive, isHead } = answer;
  const [reason, line] = ANSWERS[status];
  const body = json === "" ? `${line}\n` : json;
  const hasBody = status !== 204;
  output.text(`HTTP/1.1 ${status} ${reason}\r\n`);
  if (hasBody) output.put(json === "" ? TEXT : JSON_TYPE);
  output.text(fields);
  writeDate(output);
  writeFraming(output, minor, keepAlive, false, hasBody ? body.length : -1);
  if (!hasBody || isHead) return 0;
  output.text(body);
  return body.length;
}

function writeStatusAndFields(
  output: Output,
  bytes: Buffer,
  head: ResponseHead,
  hasCors: boolean,
  trailers: boolean,
  hasId: boolean,
): void {
  output.put(VERSION);
  output.decimal(head.status);
  output.text(" ");
  output.copy(bytes, head.reasonStart, head.reasonEnd);
  output.put(CRLF);
  const { fields } = head;
  let run = NO_RUN;
  for (let i = 0; i < fields.count; i++) {
    run = passesToClient(bytes, fields, i, hasCors, trailers, hasId)
      ? keepField(output, bytes, fields, i, run)
      : endRun(output, bytes, fields, i, run);
  }
  endRun(output, bytes, fields, fields.count, run);
}

/**
 * Hop-by-hop fields do not, nor those that the framing writes anew, nor what Connection names, nor what
 * Balto says itself.
 */
function passesToClient(
  bytes: Buffer,
  fields: FieldList,
  i: number,
  hasCors: boolean,
  trailers: boolean,
  hasId: boolean,
): boolean {
  switch (fields.kind[i]!) {
    case FIELD.OTHER:
      return !fields.isNamedByConnection(bytes, i);
    case FIELD.HOP:
    case FIELD.CONNECTION:
    case FIELD.KEEP_ALIVE:
    case FIELD.TRANSFER_ENCODING:
    case FIELD.CONTENT_LENGTH:
    case FIELD.TE:
    case FIELD.UPGRADE:
      return false;
    case FIELD.TRAILER:
      return trailers;
    case FIELD.ALLOW_ORIGIN:
      return !hasCors;
    case FIELD.REQUEST_ID:
      return !hasId;
    default:
      return true;
  }
}

function writeDate(output: Output): void {
  output.put(DATE);
  output.text(httpDate());
  output.put(CRLF);
}

function writeFraming(
  output: Output,
  minor: number,
  keepAlive: boolean,
  chunked: boolean,
  contentLength: number,
): void {
  if (contentLength !== -1) {
    output.put(CONTENT_LENGTH);
    output.decimal(contentLength);
    output.put(CRLF);
  } else if (chunked) {
    output.put(CHUNKED);
  }
  if (!keepAlive) output.put(CLOSE);
  else if (minor === 0) output.put(KEEP_ALIVE);
  output.put(CRLF);
}

const VERSION = Buffer.from("HTTP/1.1 ");
const TEXT = Buffer.from("Content-Type: text/plain; charset=utf-8\r\n");
const JSON_TYPE = Buffer.from("Content-Type: application/json\r\n");
const DATE = Buffer.from("Date: ");
const CONTENT_LENGTH = Buffer.from("Content-Length: ");
const CHUNKED = Buffer.from("Transfer-Encoding: chunked\r\n");
const UPGRADE = Buffer.from("Connection: Upgrade\r\nUpgrade: websocket\r\n");
const CLOSE = Buffer.from("Connection: close\r\n");
const KEEP_ALIVE = Buffer.from("Connection: keep-alive\r\n");
