/**
 * Deadlines: one timer for everything of a worker that may take only so long.
 *
 * A request sets half a dozen limits, nearly all of which are never reached; a Node timer for each
 * would cost more than the request. So a limit is a number on an object, and a sweep looks at all
 * objects every TICK_MS. Nothing expires early; it may expire up to two ticks late.
 */

/** Something with a limit. `deadline` is in `Deadlines.now`'s time; Infinity is none. */
export interface Expiring {
  deadline: number;
  /** The deadline has passed; it is Infinity again unless this sets another. */
  onDeadline(): void;
}

const TICK_MS = 100;

export class Deadlines {
  /** Milliseconds of a clock that never goes back, as of the last tick. */
  now: number;
  readonly #clock: () => number;
  readonly #all = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.now = clock();
  }

  start(): void {
    this.#timer = setInterval(() => this.sweep(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The deadline of something that may take `ms` from now. */
  in(ms: number): number {
    return this.now + TICK_MS + ms;
  }

  add(expiring: Expiring): void {
    this.#all.add(expiring);
  }

  remove(expiring: Expiring): void {
    this.#all.delete(expiring);
  }

  /** How many objects are watched: zero when all connections have gone. */
  get size(): number {
    return this.#all.size;
  }

  /** Reads the clock and tells everything whose deadline has passed. */
  sweep(): void {
    const now = (this.now = this.#clock());
    for (const expiring of this.#all) {
      if (expiring.deadline > now) continue;
      expiring.deadline = Infinity;
      expiring.onDeadline();
    }
  }
}
