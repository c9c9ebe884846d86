/**
 * Log: one JSON object a line, in the shape users of Balto know: level, module, fields, time,
 * message.
 */
import { pino, type Logger } from "pino";

import { LOG_LEVELS, type LogLevel } from "../artifact/model.ts";

export type Fields = Record<string, unknown>;

/** Characters of lines that could not be written, kept for later. */
const UNWRITTEN_MAX = 256 * 1024;

/** Writes events. The set of levels that are written can change with each generation. */
export class Log {
  readonly #logger: Logger;
  #levels: ReadonlySet<LogLevel> = new Set(LOG_LEVELS);

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * A log to standard output. Lines are written at once: there are few, and none may be lost. Where they
   * cannot be written (a full disk, a reader that has gone) traffic goes on without: some are kept
   * for when they can, the others dropped.
   */
  static toStdout(): Log {
    const destination = pino.destination({ fd: 1, sync: true, maxLength: UNWRITTEN_MAX });
    destination.on("error", () => {});
    return new Log(
      pino(
        {
          base: null,
          level: "debug",
          messageKey: "message",
          timestamp: () => `,"time":"${new Date().toISOString()}"`,
          formatters: { level: (label) => ({ level: label }) },
        },
        destination,
      ),
    );
  }

  /** The exact set of levels that are written from now on. */
  setLevels(levels: readonly LogLevel[]): void {
    this.#levels = new Set(levels);
  }

  write(level: LogLevel, module: string, message: string, fields: Fields = {}): void {
    if (this.#levels.has(level)) this.#logger[level]({ module, ...fields }, message);
  }
}
