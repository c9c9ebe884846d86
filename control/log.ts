/**
 * The writer's log: one JSON object a line, in the shape that the data plane's lines have.
 */

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  write: (
    level: "info" | "warn" | "error",
    module: string,
    message: string,
    fields?: LogFields,
  ) => void;
}

/** Writes each line at once; undefined fields are left out. */
export function logTo(out: (line: string) => void): Log {
  return {
    write: (level, module, message, fields = {}) => {
      const time = new Date().toISOString();
      out(`${JSON.stringify({ level, module, ...fields, time, message })}\n`);
    },
  };
}
