/**
 * Restart delay: how long to wait before a worker that has died is started again.
 */

/** A worker that lived so long was sound: its end is a new misfortune. Milliseconds. */
const SOUND_MS = 10_000;
const FIRST_DELAY_MS = 250;
const DELAY_MS_MAX = 10_000;

/** The first death in a row costs no time at all; each that follows at once costs twice the last. */
export class RestartDelay {
  #inARow = 0;

  /** @returns milliseconds to wait, given how long the one that died had lived */
  next(livedMs: number): number {
    this.#inARow = livedMs >= SOUND_MS ? 1 : this.#inARow + 1;
    if (this.#inARow === 1) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#inARow - 2), DELAY_MS_MAX);
  }
}
