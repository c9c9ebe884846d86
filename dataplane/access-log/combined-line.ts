/**
 * A line of the Combined Log Format of web servers about an exchange. What it tells of the request's head is
 * noted when that is here, because the bytes are gone later.
 */
import type { Account } from "../observation/account.ts";
import { combinedTime, putTime } from "./clock-text.ts";
import { LineText, PIECES_LENGTH } from "./line-text.ts";
import type { LoggedHead } from "./logged-head.ts";

/** A range of bytes; one that is empty is nothing. */
export interface Range {
  start: number;
  end: number;
}

/**
 * Notes the texts: the request's line, and behind it what a browser says of itself.
 *
 * @param head undefined where it could not be read
 * @returns where the second begins
 */
export function noteCombined(
  noted: LineText,
  head: LoggedHead | undefined,
  bytes: Uint8Array,
  referer: Range,
  agent: Range,
): number {
  noted.reserve(PIECES_LENGTH);
  if (head === undefined) quote(noted, bytes, NOTHING);
  else {
    noted.put(QUOTE);
    noted.escaped(bytes, head.methodStart, head.methodEnd, "quoted");
    noted.put(SPACE);
    noted.escaped(bytes, head.pathStart, head.pathEnd, "quoted");
    if (head.queryStart !== head.queryEnd) {
      noted.put(QUESTION_MARK);
      noted.escaped(bytes, head.queryStart, head.queryEnd, "quoted");
    }
    noted.put(head.minor === 0 ? VERSION_0 : VERSION_1);
  }
  const split = noted.length;
  quote(noted, bytes, referer);
  noted.put(SPACE);
  quote(noted, bytes, agent);
  noted.put(LINE_END);
  return split;
}

/** The whole line. `split` is what `noteCombined` gave, `now` the time of day in milliseconds. */
export function combinedLine(
  noted: LineText,
  split: number,
  account: Account,
  now: number,
): LineText {
  const line = LINE;
  line.clear();
  line.reserve(PIECES_LENGTH + noted.length);
  line.plain(account.peer === "" ? "-" : account.peer);
  line.put(NOBODY);
  putTime(line, combinedTime, now);
  line.put(TIME_END);
  line.copy(noted.bytes, 0, split);
  line.put(SPACE);
  line.decimal(account.status);
  line.put(SPACE);
  line.decimal(account.responseBytes);
  line.put(SPACE);
  line.copy(noted.bytes, split, noted.length);
  return line;
}

/** The one that was made last. */
const LINE = new LineText();

const QUOTE = Buffer.from('"');
const SPACE = Buffer.from(" ");
const QUESTION_MARK = Buffer.from("?");
const VERSION_0 = Buffer.from(' HTTP/1.0"');
const VERSION_1 = Buffer.from(' HTTP/1.1"');
const NOBODY = Buffer.from(" - - [");
const TIME_END = Buffer.from("] ");
const UNKNOWN = Buffer.from('"-"');
const LINE_END = Buffer.from("\n");
const NOTHING: Range = { start: 0, end: 0 };

function quote(line: LineText, bytes: Uint8Array, { start, end }: Range): void {
  if (start === end) return line.put(UNKNOWN);
  line.put(QUOTE);
  line.escaped(bytes, start, end, "quoted");
  return line.put(QUOTE);
}
