/** A probe over time: when it asks, and what it tells. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import type { HealthPolicy } from "../../../artifact/model.ts";
import { Probe } from "../../../dataplane/health/probe.ts";
import { probeTarget } from "../../../dataplane/health/probe-target.ts";
import { Turnstile } from "../../../dataplane/turnstile.ts";
import { HEALTH_POLICY } from "../../fixtures/health-policy.ts";

/** A probe whose answers are given, and what it has said. */
class Trial {
  /** When it was asked, from the beginning. */
  readonly asked: number[] = [];
  readonly told: string[] = [];
  readonly late: number[] = [];
  verdict: string | undefined = "";
  answerMs = 0;
  readonly probe: Probe;
  failures = 0;
  readonly #begun = performance.now();

  constructor(policy: Partial<HealthPolicy>, turnstile: Turnstile = new Turnstile(64)) {
    const address = parseBackendUrl("http://10.0.0.1") as BackendAddress;
    const target = probeTarget(address, undefined, { ...HEALTH_POLICY, ...policy });
    this.probe = new Probe(target, true, {
      ask: async () => {
        this.asked.push(performance.now() - this.#begun);
        if (this.answerMs > 0) await new Promise((resolve) => setTimeout(resolve, this.answerMs));
        return this.verdict;
      },
      turnstile,
      onLate: (waitedMs) => this.late.push(waitedMs),
    });
    this.probe.followers.add({
      onHealth: (isUp, run, reason) => {
        this.told.push(isUp ? `up after ${run}` : `down after ${run}: ${reason}`);
      },
      onFailure: () => this.failures++,
      onRecovery: () => this.told.push("well"),
    });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("it asks after its delay and then at its interval", async () => {
  const trial = new Trial({ intervalMs: 1_000, jitterMs: 0 });
  trial.probe.start(400);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(trial.asked).toEqual([400, 1_400, 2_400, 3_400]);
});

test("each interval is longer by a part of the jitter", async () => {
  const trial = new Trial({ intervalMs: 1_000, jitterMs: 200 });
  trial.probe.start(0);
  await vi.advanceTimersByTimeAsync(60_000);
  const gaps = trial.asked.slice(1).map((at, index) => at - trial.asked[index]!);
  for (const gap of gaps) {
    expect(gap).toBeGreaterThanOrEqual(1_000);
    // Timers go by whole milliseconds.
    expect(gap).toBeLessThanOrEqual(1_201);
  }
  expect(new Set(gaps).size).toBeGreaterThan(10);
});

test("an answer that takes longer than the interval is waited for, and asked for anew at once", async () => {
  const trial = new Trial({ intervalMs: 1_000, jitterMs: 0 });
  trial.answerMs = 2_500;
  trial.probe.start(0);
  await vi.advanceTimersByTimeAsync(6_000);
  // "At once" is a timer, which takes a millisecond.
  expect(trial.asked.map(Math.round)).toEqual([0, 2_501, 5_002]);
});

test("its followers hear of what changes, with the last reason", async () => {
  const trial = new Trial({ jitterMs: 0, unhealthyThreshold: 3, healthyThreshold: 2 });
  trial.probe.start(0);
  await vi.advanceTimersByTimeAsync(2_500);
  trial.verdict = "status 500";
  await vi.advanceTimersByTimeAsync(2_000);
  trial.verdict = "connection refused";
  await vi.advanceTimersByTimeAsync(3_000);
  trial.verdict = "";
  await vi.advanceTimersByTimeAsync(5_000);
  expect(trial.told).toEqual(["well", "down after 3: connection refused", "up after 2"]);
  expect(trial.probe.isUp).toBe(true);
});

test("a probe that could not be made says nothing, and the next one comes at its time", async () => {
  const trial = new Trial({ jitterMs: 0, unhealthyThreshold: 2, healthyThreshold: 2 });
  trial.probe.start(0);
  trial.verdict = "status 500";
  await vi.advanceTimersByTimeAsync(500);
  trial.verdict = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(trial.told).toEqual([]);
  expect(trial.asked).toHaveLength(6);
  trial.verdict = "status 500";
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trial.told).toEqual(["down after 2: status 500"]);
});

test("a probe that is stopped asks and tells no more, even while it is being answered", async () => {
  const trial = new Trial({ jitterMs: 0, unhealthyThreshold: 1 });
  trial.answerMs = 500;
  trial.verdict = "status 500";
  trial.probe.start(0);
  await vi.advanceTimersByTimeAsync(100);
  trial.probe.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(trial.asked).toHaveLength(1);
  expect(trial.told).toEqual([]);
});

test("no more than so many are asked at a time, the others wait in order and say that they are late", async () => {
  const turnstile = new Turnstile(2);
  const trials = Array.from({ length: 6 }, () => {
    const trial = new Trial({ intervalMs: 1_000, jitterMs: 0 }, turnstile);
    trial.answerMs = 900;
    return trial;
  });
  for (const { probe } of trials) probe.start(0);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(trials.map(({ asked }) => Math.round(asked[0]!))).toEqual([0, 0, 900, 900, 1_800, 1_800]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trials.map(({ late }) => late.length > 0)).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});
