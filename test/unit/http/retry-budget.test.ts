/** Retry budget: retries stay within their fraction of the requests, and a floor. */
import { expect, test } from "vitest";

import { RetryBudget } from "../../../dataplane/http/retry-budget.ts";

const request = (budget: RetryBudget, now: number, count: number): void => {
  for (let n = 0; n < count; n++) budget.countRequest(now);
};
const taken = (budget: RetryBudget, now: number, percent = 20): number => {
  let count = 0;
  while (count < 100_000 && budget.take(now, percent)) count++;
  return count;
};

test("with traffic, retries are the fraction of it, and a worker's share of three a second", () => {
  for (const workers of [1, 2, 3]) {
    const budget = new RetryBudget(workers);
    request(budget, 5_000, 1_000);
    expect(taken(budget, 5_000)).toBe(200 + Math.floor(Math.max(1, 3 / workers)));
  }
});

test("without traffic there are three a second, of all workers together", () => {
  for (const workers of [1, 2, 4]) {
    const budgets = Array.from({ length: workers }, () => new RetryBudget(workers));
    let retries = 0;
    for (let second = 1; second <= 60; second++) {
      for (const budget of budgets) retries += taken(budget, second * 1_000);
    }
    expect(retries).toBeGreaterThanOrEqual(3 * 59);
    expect(retries).toBeLessThanOrEqual(3 * 60 + workers);
  }
});

test("requests count for ten seconds", () => {
  const budget = new RetryBudget(1);
  request(budget, 1_000, 100);
  expect(budget.take(10_999, 1)).toBe(true);
  taken(budget, 10_999, 1);
  expect(taken(budget, 11_000, 100)).toBe(0);
});

test("retries that were paid for are not paid for twice", () => {
  const budget = new RetryBudget(1);
  let retries = 0;
  let requests = 0;
  for (let ms = 0; ms < 120_000; ms += 250) {
    // Traffic that swells and ebbs.
    const count = ms % 7_000 < 2_000 ? 40 : 1;
    request(budget, ms, count);
    requests += count;
    retries += taken(budget, ms);
  }
  expect(retries).toBeLessThanOrEqual(requests * 0.2 + 3 * 121);
  expect(retries).toBeGreaterThan(requests * 0.2 * 0.9);
});

test("a budget of nothing leaves the floor", () => {
  const budget = new RetryBudget(1);
  request(budget, 0, 1_000);
  expect(taken(budget, 0, 0)).toBe(3);
});
