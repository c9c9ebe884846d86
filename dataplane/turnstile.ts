/**
 * Turnstile: lets so many pieces of work run at a time; the others wait in order. What is in the queue is
 * bounded by who calls: each waits for its turn before it comes again.
 */
export class Turnstile {
  readonly #max: number;
  #inside = 0;
  readonly #queue: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs `work` when there is room; gives what it gives. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    // Whoever leaves hands its place on, so that nobody slips in between.
    if (this.#inside < this.#max) this.#inside++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}
