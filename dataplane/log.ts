/**
 * Log: one JSON object a line, in the shape users of Balto know: level, module, fields, time,
 * message.
 */
import { pino, type Logger } from "pino";

import { LOG_LEVELS, type LogLevel } from "../artifact/model.ts";
import { LineSink } from "./line-sink.ts";
import { reason } from "./reason.ts";

export type Fields = Record<string, unknown>;

/**
 * Writes events. The set of levels that are written, and where to, can change with each generation.
 *
 * Lines are written at once: there are few, and none may be lost. Where they cannot be written (a full
 * disk, a reader that has gone or stopped) traffic goes on without: some are kept for when they can, the
 * others dropped.
 */
export class Log {
  readonly #logger: Logger;
  #levels: ReadonlySet<LogLevel> = new Set(LOG_LEVELS);
  #sink: LineSink;
  #droppedBefore = 0;

  /** @param logger writes the lines; left out, they go to standard output */
  constructor(logger?: Logger) {
    this.#sink = new LineSink("");
    this.#logger =
      logger ??
      pino(
        {
          base: null,
          level: "debug",
          messageKey: "message",
          timestamp: () => `,"time":"${new Date().toISOString()}"`,
          formatters: { level: (label) => ({ level: label }) },
        },
        { write: (line: string) => void this.#sink.write(Buffer.from(line)) },
      );
  }

  /** Where lines go, for others who write there. */
  get sink(): LineSink {
    return this.#sink;
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return this.#droppedBefore + this.#sink.dropped;
  }

  /** The exact set of levels that are written from now on. */
  setLevels(levels: readonly LogLevel[]): void {
    this.#levels = new Set(levels);
  }

  /** Writes to a file from now on; "" is standard output. What cannot be opened changes nothing. */
  setPath(path: string): void {
    if (path === this.#sink.path) return;
    const before = this.#sink;
    try {
      this.#sink = new LineSink(path);
    } catch (error) {
      this.write("error", "log", "Log cannot be written there", { path, error: reason(error) });
      return;
    }
    this.#droppedBefore += before.dropped;
    void before.finish();
  }

  /** The file was moved away: goes on in a new one. */
  reopen(): void {
    this.#sink.reopen();
  }

  /** The last lines: nothing is written after them. */
  async finish(): Promise<void> {
    await this.#sink.finish();
  }

  write(level: LogLevel, module: string, message: string, fields: Fields = {}): void {
    if (this.#levels.has(level)) this.#logger[level]({ module, ...fields }, message);
  }
}
