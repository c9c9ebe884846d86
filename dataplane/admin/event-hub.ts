/**
 * Event hub: what happens, for those who listen, as server-sent events (HTML standard §9.2). The last
 * ones are kept, so that who was cut off misses nothing; who does not read is cut off.
 */
import type { ServerResponse } from "node:http";

import { COMMON } from "./answer.ts";

export type EventName = "reload" | "health" | "breaker";

const KEPT_MAX = 128;
const LISTENERS_MAX = 100;
/** A listener that has not read so much is given up. Bytes. */
const UNREAD_MAX = 256 * 1024;
/** Silence would be taken for the end by whatever stands between; and who has gone shows when it is broken. */
const COMMENT_MS = 4_000;

export class EventHub {
  readonly #kept: { id: number; text: string }[] = [];
  readonly #listeners = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;
  /** Begins anew with each process, and never where another one was: an id means one event. */
  #id = Date.now() * 1_000;
  #isClosed = false;

  /** Something has happened. */
  tell(event: EventName, data: Readonly<Record<string, unknown>>): void {
    const id = ++this.#id;
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (this.#kept.push({ id, text }) > KEPT_MAX) this.#kept.shift();
    this.#send(text);
  }

  /**
   * Answers with all events from now on, and with those behind `lastId` that are kept.
   *
   * @returns false where too many listen already, or nothing more will happen
   */
  listen(response: ServerResponse, lastId: string | undefined): boolean {
    if (this.#isClosed || this.#listeners.size >= LISTENERS_MAX) return false;
    response.writeHead(200, { ...COMMON, "Content-Type": "text/event-stream" });
    const last = Number(lastId ?? NaN);
    const missed = this.#kept.filter(({ id }) => id > last);
    response.write(`: balto\n\n${missed.map(({ text }) => text).join("")}`);
    this.#listeners.add(response);
    response.on("close", () => this.#listeners.delete(response));
    this.#timer ??= setInterval(() => this.#send(":\n\n"), COMMENT_MS).unref();
    return true;
  }

  /** Nothing more will happen. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const response of this.#listeners) response.end();
  }

  #send(text: string): void {
    for (const response of this.#listeners) {
      if (response.writableLength > UNREAD_MAX) response.destroy();
      else response.write(text);
    }
  }
}
