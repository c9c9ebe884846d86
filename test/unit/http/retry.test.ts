/** Retry: what a policy lists, and how long it waits. */
import { expect, test } from "vitest";

import { backoffMs, type Failure, isListed, mayRetry } from "../../../dataplane/http/retry.ts";
import { SERVICE_POLICY } from "../../fixtures/artifact-model.ts";

const { retry } = SERVICE_POLICY;

test("a failure is retried where the policy lists it", () => {
  const none = { connectFailure: false, reset: false, timeout: false, statuses: [] };
  const failures: Failure[] = ["connect-failure", "reset", "timeout", "status"];
  for (const failure of failures) {
    expect(isListed({ ...retry, on: none }, failure, 503), failure).toBe(false);
  }
  expect(isListed({ ...retry, on: { ...none, connectFailure: true } }, "connect-failure", 0)).toBe(
    true,
  );
  expect(isListed({ ...retry, on: { ...none, reset: true } }, "reset", 0)).toBe(true);
  expect(isListed({ ...retry, on: { ...none, timeout: true } }, "timeout", 0)).toBe(true);
});

test("a status is retried where it lies in one of the ranges", () => {
  const statuses = [
    { first: 429, last: 429 },
    { first: 502, last: 504 },
  ];
  const policy = { ...retry, on: { ...retry.on, statuses } };
  const listed = [200, 428, 429, 430, 500, 501, 502, 503, 504, 505].filter((status) =>
    isListed(policy, "status", status),
  );
  expect(listed).toEqual([429, 502, 503, 504]);
});

test("a failure is retried as often as the policy says, and only if all of the request is kept", () => {
  const policy = { ...retry, attempts: 2, on: { ...retry.on, reset: true } };
  const request = { isKept: true, isRepeatable: true };
  const made = [0, 1, 2].map((retries) => mayRetry(policy, retries, "reset", 0, request));
  expect(made).toEqual([true, true, false]);
  expect(mayRetry(policy, 0, "reset", 0, { ...request, isKept: false })).toBe(false);
  expect(mayRetry(policy, 0, "timeout", 0, request)).toBe(policy.on.timeout);
});

test("a request that does something is retried only where it was not sent", () => {
  const on = { connectFailure: true, reset: true, timeout: true, statuses: [] };
  const policy = { ...retry, attempts: 1, on };
  const request = { isKept: true, isRepeatable: false };
  expect(mayRetry(policy, 0, "connect-failure", 0, request)).toBe(true);
  expect(mayRetry(policy, 0, "reset", 0, request)).toBe(false);
  expect(mayRetry(policy, 0, "timeout", 0, request)).toBe(false);
});

test("each pause is longer than the one before, up to the limit", () => {
  const backoff = { initialMs: 25, maxMs: 250, multiplierPercent: 200, jitterPercent: 0 };
  const pauses = [0, 1, 2, 3, 4, 9].map((nth) => backoffMs({ ...retry, backoff }, nth));
  expect(pauses).toEqual([25, 50, 100, 200, 250, 250]);
});

test("jitter shortens a pause, by the part that is left to chance at most", () => {
  const backoff = { initialMs: 100, maxMs: 1_000, multiplierPercent: 200, jitterPercent: 50 };
  const pause = (chance: number): number => backoffMs({ ...retry, backoff }, 0, () => chance);
  expect([pause(0), pause(0.5), pause(1)]).toEqual([100, 75, 50]);
});
