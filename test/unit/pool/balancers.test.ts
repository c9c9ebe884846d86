/** One suite for every algorithm: what it promises, and what all of them do. */
import { describe, expect, test } from "vitest";

import { keyHash } from "../../../artifact/hash.ts";
import { type Algorithm, ALGORITHMS } from "../../../artifact/model.ts";
import { HEALTH_POLICY as HEALTH } from "../../fixtures/health-policy.ts";
import { Fleet, type FleetOptions, type Picked } from "./fleet.ts";

const PICKS = 10_000;
/** Requests in flight while the picks are made. */
const IN_FLIGHT = 64;
/** Of all picks, that a backend may have more or fewer than is due. */
const TOLERANCE = 0.02;

const WEIGHTED: readonly Algorithm[] = [
  "weighted-rr",
  "weighted-least-connections",
  "random",
  "p2c",
  "ewma",
  "consistent-hash",
  "ip-hash",
];

function fleetOf(algorithm: Algorithm, options: Omit<FleetOptions, "policy">, policy = {}): Fleet {
  return new Fleet({ ...options, policy: { algorithm, ...policy } });
}

/** Shares of the picks by host, with many requests in flight that take the same time. */
function shares(fleet: Fleet, picks = PICKS, seed = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  const inFlight: Picked[] = [];
  for (let n = 0; n < picks; n++) {
    const worker = n % fleet.pools.length;
    const picked = fleet.mustPick({ hash: keyHash(Buffer.from(`client ${seed + n}`)) }, worker);
    const { host } = picked.backend.address;
    counts[host] = (counts[host] ?? 0) + 1;
    inFlight.push(picked);
    if (inFlight.length > IN_FLIGHT) fleet.settle(inFlight.shift()!);
  }
  for (const picked of inFlight) fleet.settle(picked);
  return Object.fromEntries(Object.entries(counts).map(([host, count]) => [host, count / picks]));
}

function expectShares(found: Record<string, number>, due: Record<string, number>): void {
  const far = Object.keys({ ...found, ...due }).filter(
    (host) => Math.abs((found[host] ?? 0) - (due[host] ?? 0)) > TOLERANCE,
  );
  expect(far, `${JSON.stringify(found)} instead of ${JSON.stringify(due)}`).toEqual([]);
}

/** Of a slow start of ten seconds: when, and how many twentieths of its share a backend has then. */
const STEPS = [
  [0, 1],
  [5_000, 11],
  [9_999, 19],
  [10_000, 20],
] as const;
const THIRDS = { a: 1 / 3, b: 1 / 3, c: 1 / 3 };

describe.each(ALGORITHMS)("%s", (algorithm) => {
  test("equal backends get equal shares", () => {
    expectShares(shares(fleetOf(algorithm, { backends: ["a", "b", "c"] })), THIRDS);
  });

  test("weights count where the algorithm knows them, and nowhere else", () => {
    const backends = [
      { host: "a", weight: 5 },
      { host: "b", weight: 3 },
      { host: "c", weight: 2 },
    ];
    const due = WEIGHTED.includes(algorithm) ? { a: 0.5, b: 0.3, c: 0.2 } : THIRDS;
    expectShares(shares(fleetOf(algorithm, { backends })), due);
  });

  test("a changed weight takes effect at once", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", "b"] });
    shares(fleet, 100);
    fleet.reload({ backends: [{ host: "a", weight: 3 }, "b"] });
    const due = WEIGHTED.includes(algorithm) ? { a: 0.75, b: 0.25 } : { a: 0.5, b: 0.5 };
    expectShares(shares(fleet), due);
  });

  test("one that is down, drained, ejected or open is not picked, the others share what it had", () => {
    const passive = {
      consecutiveFailures: 3,
      failureRatePercent: 0,
      requestsMin: 20,
      windowMs: 10_000,
      ejectionMs: 10_000,
      ejectionMaxMs: 300_000,
      ejectedPercentMax: 50,
      statuses: [],
    };
    const health = HEALTH;
    const backends = ["a", "b", "c", "d"];
    const outs: ((fleet: Fleet) => void)[] = [
      (fleet) => fleet.main.setHealth(fleet.slot("d"), false),
      (fleet) => fleet.main.setDraining(fleet.slot("d"), true),
      (fleet) => failAt(fleet, "d", 3),
    ];
    for (const out of outs) {
      const fleet = fleetOf(algorithm, { backends }, { passive, health });
      out(fleet);
      expectShares(shares(fleet), THIRDS);
    }
    const fleet = fleetOf(algorithm, { backends });
    failAt(fleet, "d", 10);
    expect(fleet.told()).toEqual(["breaker-opened"]);
    expectShares(shares(fleet), THIRDS);
  });

  test("one that is removed is not picked, one that is added is", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", "b", "c"] });
    shares(fleet, 100);
    fleet.reload({ backends: ["a", "c", "d"] });
    expectShares(shares(fleet), { a: 1 / 3, c: 1 / 3, d: 1 / 3 });
  });

  test("backups get nothing while a backend before them is usable, then everything", () => {
    const backends = ["a", "b", { host: "c", priority: 1 }, { host: "d", priority: 1 }];
    const fleet = fleetOf(algorithm, { backends }, { health: HEALTH });
    fleet.main.setHealth(fleet.slot("a"), false);
    expectShares(shares(fleet), { b: 1 });
    fleet.main.setHealth(fleet.slot("b"), false);
    expectShares(shares(fleet), { c: 0.5, d: 0.5 });
    fleet.main.setHealth(fleet.slot("a"), true);
    expectShares(shares(fleet), { a: 1 });
  });

  test("below the panic threshold health is ignored, at it not", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", "b", "c", "d"] }, { health: HEALTH });
    for (const host of ["b", "c"]) fleet.main.setHealth(fleet.slot(host), false);
    expectShares(shares(fleet), { a: 0.5, d: 0.5 });
    fleet.main.setHealth(fleet.slot("d"), false);
    expectShares(shares(fleet), { a: 0.25, b: 0.25, c: 0.25, d: 0.25 });
    fleet.main.setHealth(fleet.slot("a"), false);
    expectShares(shares(fleet), { a: 0.25, b: 0.25, c: 0.25, d: 0.25 });
    fleet.reload({ policy: { algorithm, health: HEALTH, panicPercent: 0 } });
    expect(fleet.pick()).toBeUndefined();
  });

  test("a backend that was tried is avoided where another one is usable", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", "b", "c"] });
    const tried = [fleet.backend("a"), fleet.backend("c")];
    for (let n = 0; n < 200; n++) {
      expect(fleet.request("success", { tried, hash: n * 7_919 })).toBe("b");
    }
    tried.push(fleet.backend("b"));
    expect(fleet.request("success", { tried })).not.toBe("none");
  });

  test("a backup is tried before one that was tried", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", { host: "b", priority: 1 }] });
    expect(fleet.request()).toBe("a");
    expect(fleet.request("success", { tried: [fleet.backend("a")] })).toBe("b");
  });

  test("a returned backend's share grows over the slow start", () => {
    const policy = { algorithm, slowStartMs: 10_000 };
    const fleet = new Fleet({ backends: ["a", "b", "c"], policy });
    expectShares(shares(fleet), THIRDS);
    fleet.main.setHealth(fleet.slot("c"), false);
    fleet.main.setHealth(fleet.slot("c"), true);
    const since = fleet.now;
    for (const [elapsedMs, parts] of STEPS) {
      fleet.now = since + elapsedMs;
      // By keys, it has so many of its own; else so many times what the others have.
      const due = /hash/.test(algorithm) ? parts / 60 : parts / (40 + parts);
      const found = shares(fleet);
      const others = (1 - due) / 2;
      expectShares(found, { a: others, b: others, c: due });
    }
  });

  test("a backend that a reload brings is new, those that were there are not", () => {
    const policy = { algorithm, slowStartMs: 10_000 };
    const fleet = new Fleet({ backends: ["a", "b"], policy });
    shares(fleet, 100);
    fleet.now += 50;
    fleet.reload({ backends: ["a", "b", "c"] });
    const due = /hash/.test(algorithm) ? 1 / 60 : 1 / 41;
    expectShares(shares(fleet), { a: (1 - due) / 2, b: (1 - due) / 2, c: due });
    fleet.now += 10_000;
    expectShares(shares(fleet), THIRDS);
  });

  test("a sticky request goes to its backend while that is usable", () => {
    const fleet = fleetOf(algorithm, { backends: ["a", "b", "c"] }, { health: HEALTH });
    for (let n = 0; n < 100; n++) {
      expect(fleet.request("success", { sticky: 1, hash: n * 7_919 }, n % 2)).toBe("b");
    }
    fleet.main.setHealth(fleet.slot("b"), false);
    expect(fleet.request("success", { sticky: 1 })).not.toBe("b");
    const tried = [fleet.backend("a")];
    expect(fleet.request("success", { sticky: 0, tried })).toBe("c");
  });

  test("a pool of one always picks it, and one of none picks none", () => {
    const fleet = fleetOf(algorithm, { backends: ["a"] });
    expect([1, 2, 3].map((hash) => fleet.request("success", { hash }))).toEqual(["a", "a", "a"]);
    fleet.reload({ backends: [] });
    expect(fleet.pick()).toBeUndefined();
    expect(fleet.pools[0]!.isFull).toBe(false);
  });

  test("backends with a limit get no more than that, and the others the rest", () => {
    const fleet = fleetOf(algorithm, { backends: [{ host: "a", connectionsMax: 3 }, "b"] });
    const picked = Array.from({ length: 20 }, (_, n) => fleet.mustPick({ hash: n }, n % 2));
    expect(fleet.backend("a").inFlight).toBeLessThanOrEqual(3);
    expect(fleet.backend("a").inFlight + fleet.backend("b").inFlight).toBe(20);
    for (const one of picked) fleet.settle(one);
    expect([fleet.backend("a").inFlight, fleet.backend("b").inFlight]).toEqual([0, 0]);
  });
});

/** Requests that reach one backend, and fail. */
function failAt(fleet: Fleet, host: string, times: number): void {
  const sticky = fleet.backend(host).index;
  for (let n = 0; n < times; n++) fleet.request("connect-failure", { sticky }, n % 2);
}
