/**
 * The streams and surroundings a command works in. Data goes to `out`, everything that is said to
 * `note`, so that a pipe gets data and nothing else.
 */
import type { WriteStream } from "node:tty";

import { EXIT_FAILED } from "./exit-code.ts";
import { reason } from "./failure.ts";

export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** Data: what was asked for. */
  out: (data: string | Uint8Array) => void;
  /** What is said about the work: diagnostics, progress, errors. */
  note: (text: string) => void;
  /** Whether `note` may colour. */
  colour: boolean;
  /** Columns of the terminal that `note` writes to, 100 when it is none. */
  columns: number;
  /** Whether `note` is a screen, where a line may be written over. */
  noteIsTerminal: boolean;
  /** Whether `out` is a screen, where bytes that are no text do harm. */
  outIsTerminal: boolean;
  /** Whether `out` may colour. */
  outColour: boolean;
}

const COLUMNS_DEFAULT = 100;

/**
 * The process's own streams. A reader that went away (`| head`) is no error: the rest is dropped.
 * Node writes to files, pipes and terminals at once on Linux and macOS, so nothing is lost at exit.
 */
export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.exitCode = EXIT_FAILED;
      if (stream !== stderr) stderr.write(`balto: writing to stdout failed: ${reason(error)}\n`);
    });
  }
  return {
    env,
    out: (data) => void stdout.write(data),
    note: (text) => void stderr.write(text),
    colour: mayColour(env, stderr),
    // A terminal that does not know its width says 0.
    columns: (stderr.isTTY && stderr.columns) || COLUMNS_DEFAULT,
    noteIsTerminal: stderr.isTTY && env["TERM"] !== "dumb",
    outIsTerminal: stdout.isTTY,
    outColour: mayColour(env, stdout),
  };
}

/** NO_COLOR (https://no-color.org) is the stronger wish; FORCE_COLOR colours pipes too. */
export function mayColour(
  env: Readonly<Record<string, string | undefined>>,
  stream: Pick<WriteStream, "isTTY">,
): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  return stream.isTTY && env["TERM"] !== "dumb";
}
