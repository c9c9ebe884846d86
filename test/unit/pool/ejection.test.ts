/** Passive checks: traffic itself takes a backend out for a while. */
import { expect, test } from "vitest";

import type { PassivePolicy } from "../../../artifact/model.ts";
import { Fleet, type FleetOptions } from "./fleet.ts";

const passive: PassivePolicy = {
  consecutiveFailures: 3,
  failureRatePercent: 0,
  requestsMin: 20,
  windowMs: 8_000,
  ejectionMs: 1_000,
  ejectionMaxMs: 2_500,
  ejectedPercentMax: 50,
  statuses: [{ first: 500, last: 599 }],
};

function fleetOf(changes: Partial<PassivePolicy> = {}, options: Partial<FleetOptions> = {}): Fleet {
  return new Fleet({
    backends: ["a", "b", "c", "d"],
    policy: { breaker: undefined, passive: { ...passive, ...changes } },
    ...options,
  });
}

/** Requests that all go to one backend, over both workers. */
function at(
  fleet: Fleet,
  host: string,
  count: number,
  outcome: Parameters<Fleet["settle"]>[1],
): void {
  const sticky = fleet.backend(host).index;
  for (let n = 0; n < count; n++) fleet.request(outcome, { sticky }, n % 2);
}

/** Hosts of the next requests. */
function used(fleet: Fleet): Set<string> {
  return new Set(Array.from({ length: 12 }, (_, n) => fleet.request("success", {}, n % 2)));
}

test("so many failures in a row eject a backend, wherever they were seen; it returns after its time", () => {
  const fleet = fleetOf();
  at(fleet, "a", 2, "reset");
  at(fleet, "a", 1, "success");
  at(fleet, "a", 2, "connect-failure");
  expect(fleet.events).toEqual([]);
  at(fleet, "a", 1, "passive-status");
  expect(fleet.events).toEqual([
    {
      kind: "ejected",
      backendId: "label-http://a:80",
      forMs: 1_000,
      total: 1,
      reason: "consecutive failures",
    },
  ]);
  expect(used(fleet)).toEqual(new Set(["b", "c", "d"]));
  fleet.now += 999;
  expect(used(fleet)).toEqual(new Set(["b", "c", "d"]));
  fleet.told();
  fleet.now += 1;
  expect(used(fleet)).toEqual(new Set(["a", "b", "c", "d"]));
  expect(fleet.told()).toEqual(["returned"]);
});

test("each ejection is longer than the one before, up to the most; after a long calm it begins anew", () => {
  const fleet = fleetOf();
  const lengths: number[] = [];
  const ejected = (): void => {
    at(fleet, "a", 3, "reset");
    const event = fleet.events.splice(0).find(({ kind }) => kind === "ejected");
    if (event?.kind !== "ejected") throw new Error("not ejected");
    lengths.push(event.forMs);
    fleet.now += event.forMs;
    used(fleet);
  };
  for (let n = 0; n < 4; n++) ejected();
  fleet.now += 2_500;
  ejected();
  fleet.now += 2_501;
  ejected();
  expect(lengths).toEqual([1_000, 2_000, 2_500, 2_500, 2_500, 1_000]);
});

test("no more backends are ejected than may be; the next one is when another has returned", () => {
  const fleet = fleetOf();
  for (const host of ["a", "b", "c"]) at(fleet, host, 3, "reset");
  expect(fleet.told()).toEqual(["ejected", "ejected"]);
  expect(used(fleet)).toEqual(new Set(["c", "d"]));
  fleet.now += 1_000;
  at(fleet, "c", 3, "reset");
  expect(fleet.told()).toEqual(["returned", "returned", "ejected"]);
});

test("a pool of one is not ejected where that is more than may be", () => {
  const fleet = fleetOf({}, { backends: ["a"] });
  at(fleet, "a", 20, "reset");
  expect(fleet.told()).toEqual([]);
  expect(fleet.request()).toBe("a");
});

test("a failure rate over the window ejects, once there were enough requests", () => {
  const fleet = fleetOf({ consecutiveFailures: 0, failureRatePercent: 40 });
  for (let n = 0; n < 6; n++) {
    at(fleet, "a", 2, "success");
    at(fleet, "a", 1, "reset");
  }
  at(fleet, "a", 1, "reset");
  // 7 of 19.
  expect(fleet.told()).toEqual([]);
  at(fleet, "a", 1, "reset");
  // 8 of 20.
  expect(fleet.events[0]).toMatchObject({ kind: "ejected", reason: "failure rate" });
});

test("failures that lie further back than the window do not count", () => {
  const fleet = fleetOf({ consecutiveFailures: 0, failureRatePercent: 50 });
  at(fleet, "a", 19, "reset");
  fleet.now += 8_000;
  at(fleet, "a", 19, "success");
  at(fleet, "a", 15, "reset");
  expect(fleet.told()).toEqual([]);
  at(fleet, "a", 4, "reset");
  expect(fleet.told()).toEqual(["ejected"]);
});

test("what it did before it was ejected is not held against it when it returns", () => {
  const fleet = fleetOf({ consecutiveFailures: 0, failureRatePercent: 50 });
  at(fleet, "a", 20, "reset");
  expect(fleet.told()).toEqual(["ejected"]);
  fleet.now += 3_000;
  at(fleet, "a", 5, "success");
  at(fleet, "a", 14, "reset");
  expect(fleet.told()).toEqual(["returned"]);
  at(fleet, "a", 1, "reset");
  expect(fleet.told()).toEqual(["ejected"]);
});

test("what panic sends to the ejected is not held against them when they return", () => {
  const both = {
    consecutiveFailures: 0,
    failureRatePercent: 50,
    ejectedPercentMax: 100,
    ejectionMs: 5_000,
    ejectionMaxMs: 5_000,
  };
  const fleet = fleetOf(both, { backends: ["a", "b"] });
  for (const host of ["a", "b"]) at(fleet, host, 20, "reset");
  expect(fleet.told()).toEqual(["ejected", "ejected"]);
  fleet.now += 4_000;
  for (const host of ["a", "b"]) at(fleet, host, 30, "reset");
  fleet.now += 1_000;
  at(fleet, "a", 1, "reset");
  expect(fleet.told()).toEqual(["returned", "returned"]);
});

test("a backend that returns has its share grow again", () => {
  const policy = { breaker: undefined, passive, slowStartMs: 10_000 };
  const fleet = fleetOf({}, { policy });
  at(fleet, "a", 3, "reset");
  fleet.now += 1_000;
  const hosts = Array.from({ length: 610 }, (_, n) => fleet.request("success", {}, n % 2));
  expect(hosts.filter((host) => host === "a")).toHaveLength(10);
});

test("a backend that probes have found well returns at once", () => {
  const fleet = fleetOf();
  at(fleet, "a", 3, "reset");
  expect(fleet.main.isEjected(fleet.slot("a"))).toBe(true);
  expect(fleet.main.endEjection(fleet.slot("a"))).toBe(true);
  expect(fleet.main.endEjection(fleet.slot("a"))).toBe(false);
  expect(used(fleet)).toContain("a");
  at(fleet, "a", 3, "reset");
  fleet.main.setHealth(fleet.slot("a"), false);
  expect(fleet.main.isEjected(fleet.slot("a"))).toBe(true);
  fleet.main.setHealth(fleet.slot("a"), true);
  expect(fleet.main.isEjected(fleet.slot("a"))).toBe(false);
});

test("passive checks that are turned off let the ejected back in", () => {
  const fleet = fleetOf();
  at(fleet, "a", 3, "reset");
  fleet.reload({ policy: { breaker: undefined, passive: undefined } });
  expect(used(fleet)).toContain("a");
});

test("an ejected backend that nobody asks for days is not taken for one ejected just now", () => {
  const fleet = fleetOf();
  at(fleet, "a", 3, "reset");
  fleet.now += 11 * 24 * 3_600_000;
  expect(used(fleet)).toContain("a");
});
