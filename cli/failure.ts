/** Expected ends of a command, thrown from any depth and turned into a message in one place, main.ts. */

/** Something outside could not be done: a missing file, a full disk. The message is one line. */
export class Failure extends Error {
  override name = "Failure";
  /** What to do about it, "" when the message says all. */
  readonly help: string;

  constructor(message: string, help = "") {
    super(message);
    this.help = help;
  }
}

/** The command line is wrong. */
export class UsageError extends Error {
  override name = "UsageError";
  /** Command lines that would do, or a word that was probably meant. */
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[] = []) {
    super(message);
    this.hints = hints;
  }
}

/** The text of a system error without Node's prefix and path: `no such file or directory`. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const match = /^[A-Z0-9_]+: ([^,]+)(?:,|$)/.exec(error.message);
  return match?.[1] ?? error.message;
}
