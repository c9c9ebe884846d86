// Memory log: a log whose lines a unit test can read.

import { pino } from "pino";

import { Log } from "../../dataplane/log.ts";

export interface MemoryLine {
  level: string;
  message: string;
  [field: string]: unknown;
}

/** A log, and its lines so far. */
export function memoryLog(): { log: Log; lines: MemoryLine[] } {
  const lines: MemoryLine[] = [];
  const logger = pino(
    {
      base: null,
      level: "debug",
      messageKey: "message",
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (text: string) => lines.push(JSON.parse(text) as MemoryLine) },
  );
  return { log: new Log(logger), lines };
}
