/** Standing warnings: what was warned of already, and is not said again after each change of a tree. */
import type { Diagnostic } from "../compiler/diagnostic.ts";

export class StandingWarnings {
  #known: ReadonlySet<string>;

  /** @param reported what was said of the tree so far */
  constructor(reported: readonly Diagnostic[]) {
    this.#known = keysOf(reported);
  }

  /**
   * What there is to say of the tree as it is now: all errors, and the warnings that are new. A warning that
   * has gone is said again when it comes back.
   */
  fresh(diagnostics: readonly Diagnostic[]): Diagnostic[] {
    const known = this.#known;
    const now = keysOf(diagnostics);
    // Where there are errors, not all is looked at: what was warned of before may stand still.
    const isBroken = diagnostics.some(({ severity }) => severity === "error");
    this.#known = isBroken ? new Set([...known, ...now]) : now;
    return diagnostics.filter((one) => one.severity === "error" || !known.has(keyOf(one)));
  }
}

function keysOf(diagnostics: readonly Diagnostic[]): Set<string> {
  return new Set(diagnostics.filter(({ severity }) => severity === "warning").map(keyOf));
}

/** Without its line: that moves when something is written above it. */
function keyOf({ code, message, location }: Diagnostic): string {
  return `${code}\0${location.file}\0${message}`;
}
