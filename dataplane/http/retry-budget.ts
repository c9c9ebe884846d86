/**
 * Retry budget: how much a pool's retries may add to its load. Where every backend fails, retries without
 * a limit would multiply the traffic just when there is least room for it.
 *
 * Retries may be a fraction of the requests of the last ten seconds, and beyond that a few a second, so
 * that a pool with little traffic has retries too. Each worker counts for itself and has its share of
 * those few.
 */

const BUCKETS = 10;
const BUCKET_MS = 1_000;
/** Retries that are always allowed, of all workers together. */
const FLOOR_PER_SECOND = 3;

export class RetryBudget {
  readonly #floorPerMs: number;
  readonly #floorMax: number;
  /** What is left of the floor. */
  #floor: number;
  #floorAt: number | undefined;
  readonly #requests = new Uint32Array(BUCKETS);
  readonly #retries = new Uint32Array(BUCKETS);
  #requestsTotal = 0;
  #retriesTotal = 0;
  /** The bucket that is counted into, by its number since the clock's zero. */
  #bucket = 0;

  /** @param workers how many threads share the floor */
  constructor(workers: number) {
    const share = FLOOR_PER_SECOND / workers;
    this.#floorPerMs = share / 1_000;
    // One more, so that no fraction of a retry is lost.
    this.#floorMax = share + 1;
    this.#floor = Math.max(1, share);
  }

  /** A request has begun. `now` is in milliseconds of a clock that never goes back. */
  countRequest(now: number): void {
    this.#turn(now);
    this.#requests[this.#bucket % BUCKETS]!++;
    this.#requestsTotal++;
  }

  /**
   * Takes one retry, where there is one.
   *
   * @param percent of the requests that may be retries
   */
  take(now: number, percent: number): boolean {
    this.#turn(now);
    if ((this.#retriesTotal + 1) * 100 <= this.#requestsTotal * percent) {
      this.#retries[this.#bucket % BUCKETS]!++;
      this.#retriesTotal++;
      return true;
    }
    const passed = now - (this.#floorAt ?? now);
    this.#floor = Math.min(this.#floorMax, this.#floor + passed * this.#floorPerMs);
    this.#floorAt = now;
    if (this.#floor < 1) return false;
    this.#floor--;
    return true;
  }

  /** Forgets what is older than ten seconds. */
  #turn(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket === this.#bucket) return;
    const passed = Math.min(bucket - this.#bucket, BUCKETS);
    for (let n = 1; n <= passed; n++) {
      const at = (this.#bucket + n) % BUCKETS;
      this.#requestsTotal -= this.#requests[at]!;
      this.#retriesTotal -= this.#retries[at]!;
      this.#requests[at] = this.#retries[at] = 0;
    }
    this.#bucket = bucket;
  }
}
