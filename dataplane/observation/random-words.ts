/**
 * Random words: 32 bits at a time from the system's generator, asked for a few kilobytes at once, so
 * that an identifier costs nanoseconds and still cannot be guessed.
 */
import { randomFillSync } from "node:crypto";

const POOL_WORDS = 2_048;

export class RandomWords {
  readonly #pool = new Int32Array(POOL_WORDS);
  #at = POOL_WORDS;

  /** A random integer of 32 bits, signed. */
  next(): number {
    if (this.#at === POOL_WORDS) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    return this.#pool[this.#at++]!;
  }
}
