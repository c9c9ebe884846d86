/**
 * Window: requests and failures of the last while, for all workers together. Each worker counts in four
 * buckets of its own, so the last quarter of the time is between nothing and whole.
 */
import type { BackendSlot } from "./backend-slot.ts";
import { LINE, OWN, WINDOW } from "./layout.ts";

const BUCKETS = 4;
// A bucket's cells.
const NUMBER = 0;
const REQUESTS = 1;
const FAILURES = 2;
const BUCKET_CELLS = 3;

/** What has happened within the window. */
export interface WindowCount {
  requests: number;
  failures: number;
}

/** Counts a request of this worker. */
export function countInWindow(
  { cells, own }: BackendSlot,
  windowMs: number,
  now: number,
  isFailure: boolean,
): void {
  const number = bucketNumber(windowMs, now);
  const bucket = own + WINDOW + (number & (BUCKETS - 1)) * BUCKET_CELLS;
  if (cells[bucket + NUMBER] !== number) {
    // Emptied before it is renumbered: whoever reads meanwhile sees an old bucket or an empty one.
    Atomics.store(cells, bucket + REQUESTS, 0);
    Atomics.store(cells, bucket + FAILURES, 0);
    Atomics.store(cells, bucket + NUMBER, number);
  }
  Atomics.add(cells, bucket + REQUESTS, 1);
  if (isFailure) Atomics.add(cells, bucket + FAILURES, 1);
}

/**
 * Adds up what all workers have counted.
 *
 * @param since buckets that had begun by then are left out
 */
export function windowCount(
  { cells, at, memory }: BackendSlot,
  windowMs: number,
  now: number,
  since: number,
): WindowCount {
  const current = bucketNumber(windowMs, now);
  const oldest = Math.max(current - BUCKETS + 1, since > 0 ? bucketNumber(windowMs, since) + 1 : 0);
  const count = { requests: 0, failures: 0 };
  for (let thread = 0; thread < memory.workers; thread++) {
    const buckets = at + OWN + thread * LINE + WINDOW;
    for (let bucket = buckets; bucket < buckets + BUCKETS * BUCKET_CELLS; bucket += BUCKET_CELLS) {
      const number = Atomics.load(cells, bucket + NUMBER);
      if (number < oldest || number > current) continue;
      const requests = Atomics.load(cells, bucket + REQUESTS);
      const failures = Atomics.load(cells, bucket + FAILURES);
      if (Atomics.load(cells, bucket + NUMBER) !== number) continue;
      count.requests += requests;
      count.failures += failures;
    }
  }
  return count;
}

/** Counted from one, so that a bucket that was never used is none; windows are seconds long. */
function bucketNumber(windowMs: number, now: number): number {
  return (Math.floor((now * BUCKETS) / windowMs) + 1) | 0;
}
