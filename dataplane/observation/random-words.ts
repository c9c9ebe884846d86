/**
 * Random words: 32 bits at a time from the system's generator, asked for a few kilobytes at once, so
 * that an identifier costs nanoseconds and still cannot be guessed.
 */
import { closeSync, openSync, readSync } from "node:fs";

import { cryptoModule } from "../../artifact/crypto-module.ts";

const POOL_WORDS = 2_048;
/** What the system's generator goes by; reading it does without the 1 MB that Node's crypto takes. */
const GENERATOR = "/dev/urandom";

export class RandomWords {
  readonly #pool = new Int32Array(POOL_WORDS);
  readonly #generator: string;
  #at = POOL_WORDS;

  /** @param generator a file of random bytes; where it cannot be read, Node is asked */
  constructor(generator = GENERATOR) {
    this.#generator = generator;
  }

  /** A random integer of 32 bits, signed. */
  next(): number {
    if (this.#at === POOL_WORDS) {
      if (!isFilled(this.#pool, this.#generator)) cryptoModule().randomFillSync(this.#pool);
      this.#at = 0;
    }
    return this.#pool[this.#at++]!;
  }
}

/** False where there is no such file (on other systems), or no descriptor is left to read it with. */
function isFilled(words: Int32Array, generator: string): boolean {
  let fd: number;
  try {
    fd = openSync(generator, "r");
  } catch {
    return false;
  }
  try {
    return readSync(fd, words) === words.byteLength;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
