/**
 * One write at a time, in the order they came; no more wait than is sensible, and none for ever.
 */
import { QUEUE_MAX, QUEUE_MS_MAX } from "../limits.ts";
import { Refusal } from "../refusal.ts";

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Whether a write is under way or waits. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /**
   * Runs `work` when its turn has come.
   *
   * @throws Refusal 503 where too many wait, or the turn came too late; and what `work` rejects with
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= QUEUE_MAX) throw busy("too many writes wait already");
    this.#waiting++;
    const since = performance.now();
    const turn = this.#last.then(() => {
      if (performance.now() - since > QUEUE_MS_MAX) throw busy("its turn did not come in time");
      return work();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#waiting > 0) await this.#last;
  }
}

function busy(message: string): Refusal {
  return new Refusal(503, message, { fields: { "Retry-After": "1" } });
}
