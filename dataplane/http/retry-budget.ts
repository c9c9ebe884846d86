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
  readonly #workers: number;
  /** What is left of the floor; undefined where nothing was taken off it. */
  #floor: number | undefined;
  #floorAt: number | undefined;
  /** Of the last ten seconds. */
  #requestsTotal = 0;
  #retriesTotal = 0;
  /** The bucket that is counted into, by its number since the clock's zero. */
  #bucket = 0;
  /** Requests of each bucket, and behind them retries; undefined while all are of one. */
  #buckets: Uint32Array | undefined;

  /** @param workers how many threads share the floor */
  constructor(workers: number) {
    this.#workers = workers;
  }

  /** A request has begun. `now` is in milliseconds of a clock that never goes back. */
  countRequest(now: number): void {
    this.#turn(now);
    this.#requestsTotal++;
    if (this.#buckets !== undefined) this.#buckets[this.#bucket % BUCKETS]!++;
  }

  /**
   * Takes one retry, where there is one.
   *
   * @param percent of the requests that may be retries
   */
  take(now: number, percent: number): boolean {
    this.#turn(now);
    if ((this.#retriesTotal + 1) * 100 <= this.#requestsTotal * percent) {
      this.#retriesTotal++;
      if (this.#buckets !== undefined) this.#buckets[BUCKETS + (this.#bucket % BUCKETS)]!++;
      return true;
    }
    const share = FLOOR_PER_SECOND / this.#workers;
    const passed = now - (this.#floorAt ?? now);
    const left = this.#floor ?? Math.max(1, share);
    // One more than the share, so that no fraction of a retry is lost.
    const floor = Math.min(share + 1, left + (passed * share) / 1_000);
    this.#floorAt = now;
    this.#floor = floor < 1 ? floor : floor - 1;
    return floor >= 1;
  }

  /** Forgets what is older than ten seconds. */
  #turn(now: number): void {
    const bucket = (now / BUCKET_MS) | 0;
    if (bucket === this.#bucket) return;
    if (bucket - this.#bucket >= BUCKETS) {
      this.#requestsTotal = this.#retriesTotal = 0;
      this.#buckets?.fill(0);
    } else if (this.#requestsTotal > 0 || this.#retriesTotal > 0) this.#forgetUntil(bucket);
    this.#bucket = bucket;
  }

  /** Takes off what is too old by `bucket`. */
  #forgetUntil(bucket: number): void {
    let buckets = this.#buckets;
    if (buckets === undefined) {
      buckets = this.#buckets = new Uint32Array(2 * BUCKETS);
      buckets[this.#bucket % BUCKETS] = this.#requestsTotal;
      buckets[BUCKETS + (this.#bucket % BUCKETS)] = this.#retriesTotal;
    }
    for (let next = this.#bucket + 1; next <= bucket; next++) {
      const at = next % BUCKETS;
      this.#requestsTotal -= buckets[at]!;
      this.#retriesTotal -= buckets[BUCKETS + at]!;
      buckets[at] = buckets[BUCKETS + at] = 0;
    }
  }
}
