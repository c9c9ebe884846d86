/**
 * Clock: milliseconds since the process began to serve, the same in all its threads. It never goes back.
 */
export type Clock = () => number;

/** The system's monotonic time in milliseconds: every thread reads the same. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A clock that was zero at `epochMs` of the system's monotonic time. */
export function clockSince(epochMs: number): Clock {
  // performance.now() costs less than hrtime and runs alike; only its zero is the thread's own. Of three
  // readings the greatest is the one between whose halves least has happened.
  const offsets = [0, 0, 0].map(() => monotonicMs() - performance.now());
  const offset = Math.max(...offsets) - epochMs;
  return () => performance.now() + offset;
}
