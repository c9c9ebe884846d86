/**
 * Presence: whether a client is still there that cannot be heard: one that has sent its FIN, which says nothing
 * about whether it still reads, and one that is not read from.
 *
 * Every answer begins with the same nine bytes, so they are sent ahead one at a time: a client that waits
 * loses nothing, and one that has gone answers with a reset, which cancels the request at its backend.
 */
import type { Output } from "./output.ts";
import type { Wire } from "./wire.ts";

/** What every answer begins with. */
const ANSWER_PREFIX = Buffer.from("HTTP/1.1 ");

export class Presence {
  /** Bytes of the next head that have been sent. */
  #ahead = 0;
  /** Looks in a row at a client that is not read from. */
  #looks = 0;

  /** Sends one byte more. False where all have gone that may: the last one stays for the answer. */
  probe(wire: Wire): boolean {
    if (this.#ahead >= ANSWER_PREFIX.length - 1) return false;
    wire.write(ANSWER_PREFIX.subarray(this.#ahead, this.#ahead + 1));
    this.#ahead++;
    return true;
  }

  /** When the next probe is due: the first two close together, as the reset shows at the second write. */
  get nextMs(): number {
    return this.#ahead < 2 ? 0 : 250 * 2 ** this.#ahead;
  }

  /** It was looked at, and has not gone as far as that tells. True where it is to be probed: ever more seldom. */
  look(): boolean {
    this.#looks++;
    return this.#looks >= 4 && (this.#looks & (this.#looks - 1)) === 0;
  }

  /** It is read from again. */
  isRead(): void {
    this.#looks = 0;
  }

  /** The head in `output` is sent without what has gone of it already. */
  shorten(output: Output): void {
    if (this.#ahead > 0) output.drop(this.#ahead);
  }

  /** A head has been sent: the next one is whole. */
  headSent(): void {
    this.#ahead = 0;
  }
}
