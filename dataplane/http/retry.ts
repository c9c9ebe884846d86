/**
 * Retry: which failed attempts may be made again, and after how long. What is always safe is not asked
 * here (see course.ts).
 */
import type { RetryPolicy } from "../../artifact/model.ts";

/** How an attempt has failed before its answer was passed on. */
export type Failure = "connect-failure" | "reset" | "timeout" | "status";

/** True where the policy lists this kind of failure; `status` is that of the answer, where there is one. */
export function isListed({ on }: RetryPolicy, failure: Failure, status: number): boolean {
  switch (failure) {
    case "connect-failure":
      return on.connectFailure;
    case "reset":
      return on.reset;
    case "timeout":
      return on.timeout;
    case "status": {
      for (const { first, last } of on.statuses) if (status >= first && status <= last) return true;
      return false;
    }
  }
}

/** What of a request is there to be sent again. */
export interface Repetition {
  /** What it does may be done twice. */
  readonly isRepeatable: boolean;
  /** Everything of it that has come. */
  readonly isKept: boolean;
}

/**
 * True where there may be another attempt behind one that has failed so, as far as the policy and the
 * request are concerned; its pool's budget is another matter.
 *
 * @param made retries so far
 */
export function mayRetry(
  policy: RetryPolicy,
  made: number,
  failure: Failure,
  status: number,
  { isRepeatable, isKept }: Repetition,
): boolean {
  if (made >= policy.attempts || !isListed(policy, failure, status)) return false;
  // A request that was never sent may be sent whatever it does.
  return isKept && (isRepeatable || failure === "connect-failure");
}

/**
 * How long to wait before a retry, milliseconds: grows with each one up to a limit, and the part of it
 * that the policy leaves to chance is taken off in a random measure, so that those who failed together
 * do not come back together.
 *
 * @param nth 0 for the first retry
 */
export function backoffMs(
  { backoff }: RetryPolicy,
  nth: number,
  random: () => number = Math.random,
): number {
  const { initialMs, maxMs, multiplierPercent, jitterPercent } = backoff;
  const full = Math.min(initialMs * (multiplierPercent / 100) ** nth, maxMs);
  return full * (1 - (jitterPercent / 100) * random());
}
