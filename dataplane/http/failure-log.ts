/**
 * Failure log: a line about a request that could not be served as it should, or whose client was the
 * reason. Failures come in floods, so what fails in the same way is told once a second, with how many
 * there were, and all of them together have a limit too. One a worker.
 */

const INTERVAL_MS = 1_000;
/** Lines in one interval, whatever they are about. */
const LINES_MAX = 20;
/** Ways to fail that are told apart at a time. */
const WAYS_MAX = 1_000;

/** What failed, and how. The keys are those of the log line. */
export interface RequestFailure {
  /** Whose doing it is. */
  side: "client" | "backend";
  cause: string;
  /** Attempts at backends. */
  attempts: number;
  /** The last one's backend; "" where there was none. */
  backend: string;
  breaker: string;
  service: string;
  route: string;
  /** What the client was answered; 499 where it had gone, 0 where its answer was cut. */
  status: number;
  request_id: string;
}

/** Whose doing it is, and what has happened. */
interface Failure {
  side: "client" | "backend";
  cause: string;
}

export class FailureLog<Failed extends Failure> {
  /** Writes a line; `failures` is how many there were of its kind since the line before. */
  tell: (failure: Failed & { failures: number }) => void = () => {};
  readonly #whose: (failure: Failed) => string;
  readonly #ways = new Map<string, { toldAt: number; untold: number }>();
  #intervalAt = -Infinity;
  #lines = 0;

  /** @param whose what failures are told apart by, beside what they are: the name of a service, say */
  constructor(whose: (failure: Failed) => string) {
    this.#whose = whose;
  }

  /** `now` is in milliseconds of a clock that never goes back. */
  report(now: number, failure: Failed): void {
    const key = `${this.#whose(failure)}\n${failure.side}\n${failure.cause}`;
    let way = this.#ways.get(key);
    if (way === undefined) {
      if (this.#ways.size >= WAYS_MAX) this.#ways.clear();
      this.#ways.set(key, (way = { toldAt: -Infinity, untold: 0 }));
    }
    way.untold++;
    if (now - way.toldAt < INTERVAL_MS) return;
    if (now - this.#intervalAt >= INTERVAL_MS) {
      this.#intervalAt = now;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_MAX) return;
    this.#lines++;
    this.tell({ ...failure, failures: way.untold });
    way.toldAt = now;
    way.untold = 0;
  }
}
