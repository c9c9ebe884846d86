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
import { combinedLine, jsonLine, streamLine } from "./line.ts";
import type { LineWriter } from "./line-ring.ts";

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
    if (this.#share < 1 && this.#random() >= this.#share) return;
    const { query, format } = this.#settings;
    const { logged } = account;
    account.isLogged = true;
    logged.method = latin1(bytes, head.methodStart, head.methodEnd);
    logged.host = latin1(bytes, head.hostStart, head.hostEnd);
    logged.path = head.isAsterisk ? "*" : cut(bytes, head.pathStart, head.pathEnd);
    // Without the question mark that it begins with.
    logged.query = query
      ? cut(bytes, Math.min(head.pathEnd + 1, head.queryEnd), head.queryEnd)
      : "";
    logged.minor = head.minor;
    logged.referer = logged.agent = "";
    if (format === "combined") this.#noteFields(account, head, bytes);
  }

  /** A request that was refused before it could be read. */
  noteRefused(account: Account): void {
    if (this.#share < 1 && this.#random() >= this.#share) return;
    const { logged } = account;
    account.isLogged = true;
    logged.method = logged.host = logged.path = logged.query = "";
    logged.referer = logged.agent = "";
  }

  /** Writes the line. `endedAt` is by the account's clock, `now` the time of day in milliseconds. */
  write(account: Account, endedAt: number, now: number): void {
    const line =
      this.#settings.format === "json"
        ? jsonLine(account, now, endedAt)
        : combinedLine(account, now);
    this.#lines.write(line);
  }

  /** Writes the line of a stream's connection that is over, where the format has one for it. */
  writeStream(record: StreamRecord, now: number): void {
    if (this.#settings.format !== "json") return;
    if (this.#share < 1 && this.#random() >= this.#share) return;
    this.#lines.write(streamLine(record, now));
  }

  #noteFields({ logged }: Account, { fields }: RequestHead, bytes: Buffer): void {
    for (let i = 0; i < fields.count; i++) {
      if (fields.kind[i] !== FIELD.OTHER) continue;
      const length = fields.nameEnd[i]! - fields.nameStart[i]!;
      if (length !== REFERER.length && length !== USER_AGENT.length) continue;
      const name = latin1(bytes, fields.nameStart[i]!, fields.nameEnd[i]!).toLowerCase();
      const value = cut(bytes, fields.valueStart[i]!, fields.valueEnd[i]!);
      if (name === USER_AGENT) logged.agent = value;
      // What a query holds that is not written here is not written there.
      else if (name === REFERER)
        logged.referer = this.#settings.query ? value : value.replace(/[?#].*$/, "");
    }
  }
}

const REFERER = "referer";
const USER_AGENT = "user-agent";

function cut(bytes: Buffer, start: number, end: number): string {
  return latin1(bytes, start, Math.min(end, start + TEXT_LENGTH_MAX));
}
