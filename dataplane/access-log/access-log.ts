/**
 * Access log: a worker's side of it. Which requests get a line is decided when their head is here,
 * because the bytes that a line tells of are gone later.
 */
import type { AccessLogSettings } from "../../artifact/model.ts";
import { latin1 } from "../http/bytes.ts";
import { FIELD } from "../http/fields.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Account } from "../observation/account.ts";
import type { StreamRecord } from "../stream/stream-record.ts";
import { combinedLine, noteCombined, type Range } from "./combined-line.ts";
import { beginJsonLine, endJsonLine } from "./json-line.ts";
import type { LineWriter } from "./line-ring.ts";
import type { LoggedHead } from "./logged-head.ts";
import { streamLine } from "./stream-line.ts";

/** Of a text that a client made up, so much is written. */
const TEXT_LENGTH_MAX = 4_096;

export class AccessLog {
  readonly #lines: LineWriter;
  readonly #settings: AccessLogSettings;
  readonly #share: number;
  readonly #random: () => number;

  constructor(lines: LineWriter, settings: AccessLogSettings, random: () => number = Math.random) {
    this.#lines = lines;
    this.#settings = settings;
    this.#share = settings.sampleMillionths / 1e6;
    this.#random = random;
  }

  /** Takes what a line will need of a head, where the request gets one. */
  note(account: Account, head: RequestHead, bytes: Buffer): void {
    if (!this.#isChosen()) return;
    const { format } = this.#settings;
    const logged = this.#logged(head);
    account.isLogged = true;
    if (format === "json") {
      account.lineSplit = IS_JSON;
      beginJsonLine(account.line, account, logged, bytes);
    } else {
      const { referer, agent } = this.#saidOfItself(head, bytes);
      account.lineSplit = noteCombined(account.line, logged, bytes, referer, agent);
    }
  }

  /** A request that was refused before it could be read. */
  noteRefused(account: Account): void {
    if (!this.#isChosen()) return;
    account.isLogged = true;
    if (this.#settings.format === "json") {
      account.lineSplit = IS_JSON;
      beginJsonLine(account.line, account, undefined, NONE);
    } else account.lineSplit = noteCombined(account.line, undefined, NONE, NOTHING, NOTHING);
  }

  /**
   * Writes the line, in the format in which it was begun: a reload may have brought another since.
   * `endedAt` is by the account's clock, `now` the time of day in milliseconds.
   */
  write(account: Account, endedAt: number, now: number): void {
    let { line } = account;
    if (account.lineSplit === IS_JSON) endJsonLine(line, account, now, endedAt);
    else line = combinedLine(line, account.lineSplit, account, now);
    this.#lines.write(line.bytes, line.length);
  }

  /** Writes the line of a stream's connection that is over, where the format has one for it. */
  writeStream(record: StreamRecord, now: number): void {
    if (this.#settings.format !== "json" || !this.#isChosen()) return;
    this.#lines.write(Buffer.from(streamLine(record, now)));
  }

  #isChosen(): boolean {
    return this.#share >= 1 || this.#random() < this.#share;
  }

  /** The places that are told, none of them longer than may be. */
  #logged(head: RequestHead): LoggedHead {
    const { pathStart, queryStart, queryEnd } = head;
    const pathEnd = head.isAsterisk ? pathStart + 1 : head.pathEnd;
    const to = HEAD;
    to.methodStart = head.methodStart;
    to.methodEnd = head.methodEnd;
    to.hostStart = head.hostStart;
    to.hostEnd = head.hostEnd;
    to.pathStart = pathStart;
    to.pathEnd = Math.min(pathEnd, pathStart + TEXT_LENGTH_MAX);
    to.queryStart = queryStart;
    to.queryEnd = this.#settings.query
      ? Math.min(queryEnd, queryStart + TEXT_LENGTH_MAX)
      : queryStart;
    to.minor = head.minor;
    return to;
  }

  #saidOfItself({ fields }: RequestHead, bytes: Buffer): { referer: Range; agent: Range } {
    let referer = NOTHING;
    let agent = NOTHING;
    for (let i = 0; i < fields.count; i++) {
      if (fields.kind[i] !== FIELD.OTHER) continue;
      const length = fields.nameEnd[i]! - fields.nameStart[i]!;
      if (length !== REFERER.length && length !== USER_AGENT.length) continue;
      const name = latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!).toLowerCase();
      const start = fields.valueStart[i]!;
      const end = Math.min(fields.valueEnd[i]!, start + TEXT_LENGTH_MAX);
      if (name === USER_AGENT) agent = { start, end };
      // What a query holds that is not written here is not written there.
      else if (name === REFERER) {
        referer = { start, end: this.#settings.query ? end : pathEndOf(bytes, start, end) };
      }
    }
    return { referer, agent };
  }
}

/** The one that was noted last. */
const HEAD: LoggedHead = {
  methodStart: 0,
  methodEnd: 0,
  hostStart: 0,
  hostEnd: 0,
  pathStart: 0,
  pathEnd: 0,
  queryStart: 0,
  queryEnd: 0,
  minor: 1,
};
/** Stands for a line of JSON where the place would be at which one of the other format is split. */
const IS_JSON = -1;
const NONE = new Uint8Array(0);
const NOTHING: Range = { start: 0, end: 0 };
const REFERER = "referer";
const USER_AGENT = "user-agent";
const QUESTION_MARK = 0x3f;
const NUMBER_SIGN = 0x23;

/** Where a URL's query or fragment begins. */
function pathEndOf(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === QUESTION_MARK || bytes[at] === NUMBER_SIGN) return at;
  }
  return end;
}
