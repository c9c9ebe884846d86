/**
 * Idle collection: what compiling large trees leaves behind is collected while nobody waits. V8 would
 * collect it in the midst of some change, which then takes twice as long, and keep 230 MB behind a first one of 100,000 services.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** So much published is worth a collection: smaller trees are collected fast enough whenever it may be. */
const BYTES_MAX = 32 * 1024 * 1024;
/** What is left behind by a first compilation, of which nothing was known, beside a change. */
const FIRST_WEIGHT = 4;
/** After so long without a change. */
const IDLE_MS = 1_000;

export class IdleCollection {
  readonly #collect: () => void;
  #bytes: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param first bytes of the first artifact; 0 where there is none */
  constructor(first: number, collect: () => void = collectGarbage) {
    this.#collect = collect;
    this.#bytes = first * FIRST_WEIGHT;
    this.idle();
  }

  /** Something is being compiled. */
  busy(): void {
    clearTimeout(this.#timer);
  }

  /** It is done, and gave an artifact of so many bytes. */
  idle(bytes = 0): void {
    this.#bytes += bytes;
    clearTimeout(this.#timer);
    if (this.#bytes < BYTES_MAX) return;
    this.#timer = setTimeout(() => {
      this.#bytes = 0;
      this.#collect();
    }, IDLE_MS).unref();
  }
}

/**
 * Not as a last resort, which gives more back to the system, but throws away what V8 has compiled, too:
 * the next change would take half as long again.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: object) => void;
  collect({ type: "major" });
}
