/** The circuit breaker of a backend, over several workers. */
import { expect, test } from "vitest";

import { Fleet, type Picked } from "./fleet.ts";

const breaker = {
  failureThreshold: 4,
  successThreshold: 3,
  timeoutMs: 1_000,
  halfOpenRequestsMax: 2,
  statuses: [{ first: 500, last: 599 }],
};
const one = (): Fleet => new Fleet({ workers: 3, backends: ["a"], policy: { breaker } });

const state = (fleet: Fleet): string => fleet.backend("a").breakerState;

/** So many requests, spread over the workers, that end like this. */
function requests(fleet: Fleet, count: number, outcome: Parameters<Fleet["settle"]>[1]): void {
  for (let n = 0; n < count; n++) fleet.request(outcome, {}, n % 3);
}

/** A fleet whose breaker is open, and its time over. */
function due(): Fleet {
  const fleet = one();
  requests(fleet, 4, "reset");
  fleet.now += 1_000;
  fleet.told();
  return fleet;
}

test("opens after exactly so many failures in a row, wherever they were seen", () => {
  const fleet = one();
  requests(fleet, 3, "connect-failure");
  expect(state(fleet)).toBe("closed");
  requests(fleet, 1, "timeout");
  expect(state(fleet)).toBe("open");
  expect(fleet.events).toEqual([
    { kind: "breaker-opened", backendId: "label-http://a:80", failureThreshold: 4 },
  ]);
  expect([0, 1, 2].map((worker) => fleet.pick({}, worker))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("a success in between begins the count anew, an abort says nothing", () => {
  const fleet = one();
  requests(fleet, 3, "reset");
  requests(fleet, 1, "success");
  requests(fleet, 3, "reset");
  requests(fleet, 5, "aborted");
  expect(state(fleet)).toBe("closed");
  requests(fleet, 1, "reset");
  expect(state(fleet)).toBe("open");
});

test("only statuses that the policy lists count as failures", () => {
  const fleet = one();
  const backend = fleet.backend("a");
  expect([200, 404, 499, 500, 599, 600].map((status) => backend.outcomeOf(status))).toEqual([
    "success",
    "success",
    "success",
    "breaker-status",
    "breaker-status",
    "success",
  ]);
  for (let n = 0; n < 4; n++) requests(fleet, 1, backend.outcomeOf(503));
  expect(state(fleet)).toBe("open");
});

test("after its time it lets exactly so many requests try at a time", () => {
  const fleet = due();
  fleet.now -= 1;
  expect(fleet.pick()).toBeUndefined();
  fleet.now += 1;
  const probes = [fleet.mustPick({}, 0), fleet.mustPick({}, 2)];
  expect(state(fleet)).toBe("half-open");
  expect(fleet.told()).toEqual(["breaker-half-open"]);
  expect([0, 1, 2].map((worker) => fleet.pick({}, worker))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(fleet.pools[1]!.isFull).toBe(false);
  fleet.settle(probes[0]!, "aborted");
  const again = fleet.mustPick({}, 1);
  expect(fleet.pick()).toBeUndefined();
  fleet.settle(again);
  fleet.settle(probes[1]!);
  expect(state(fleet)).toBe("half-open");
  fleet.settle(fleet.mustPick());
  expect(state(fleet)).toBe("closed");
  expect(fleet.told()).toEqual(["breaker-closed"]);
  expect(fleet.backend("a").inFlight).toBe(0);
});

test("one failure while half-open opens it again, for the whole time", () => {
  const fleet = due();
  fleet.request("success");
  fleet.request("success");
  fleet.request("reset");
  expect(state(fleet)).toBe("open");
  expect(fleet.told()).toEqual(["breaker-half-open", "breaker-opened"]);
  // Transitions are told apart by their time, so those within one millisecond lie some apart.
  fleet.now += 990;
  expect(fleet.pick()).toBeUndefined();
  fleet.now += 20;
  // The successes of the time before count no more.
  fleet.request("success");
  fleet.request("success");
  expect(state(fleet)).toBe("half-open");
  fleet.request("success");
  expect(state(fleet)).toBe("closed");
});

test("what began before it opened says nothing about a backend that is tried again", () => {
  const fleet = one();
  const early = Array.from({ length: 8 }, (_, n) => fleet.mustPick({}, n % 3));
  requests(fleet, 4, "reset");
  fleet.now += 1_000;
  const probe = fleet.mustPick();
  fleet.settle(early[0]!, "reset");
  fleet.settle(early[1]!, "success");
  fleet.settle(early[2]!, "success");
  fleet.settle(early[3]!, "success");
  expect(state(fleet)).toBe("half-open");
  // Their end gave back no place that they never had.
  fleet.mustPick();
  expect(fleet.pick()).toBeUndefined();
  fleet.settle(probe);
  requests(fleet, 2, "success");
  expect(state(fleet)).toBe("closed");
  for (const picked of early.slice(4)) fleet.settle(picked, "reset");
  expect(state(fleet)).toBe("closed");
});

test("places of a worker that dies are free again", () => {
  const fleet = due();
  fleet.mustPick({}, 1);
  fleet.mustPick({}, 1);
  expect(fleet.pick()).toBeUndefined();
  fleet.die(1);
  expect(fleet.backend("a").breaker.placesTaken).toBe(0);
  expect(fleet.backend("a").inFlight).toBe(0);
  fleet.mustPick({}, 0);
  fleet.mustPick({}, 1);
  expect(fleet.pick({}, 2)).toBeUndefined();
});

test("a long answer gives its place back when its outcome is reported", () => {
  const fleet = due();
  const [one, other] = [fleet.mustPick(), fleet.mustPick({}, 1)] as [Picked, Picked];
  one.ticket = one.backend.report("success", 3, one.ticket);
  expect(fleet.backend("a").inFlight).toBe(2);
  const third = fleet.mustPick({}, 2);
  expect(fleet.pick()).toBeUndefined();
  // It ends badly, but that was said before.
  fleet.settle(one, "reset");
  expect(state(fleet)).toBe("half-open");
  fleet.settle(other);
  fleet.settle(third);
  expect(state(fleet)).toBe("closed");
  expect(fleet.backend("a").inFlight).toBe(0);
});

test("probes that have seen the backend come back need not wait for its time", () => {
  const fleet = one();
  requests(fleet, 4, "reset");
  expect(fleet.main.probeBreaker(fleet.slot("a"))).toBe(true);
  expect(fleet.main.probeBreaker(fleet.slot("a"))).toBe(false);
  expect(fleet.main.breakerState(fleet.slot("a"))).toBe("half-open");
  requests(fleet, 3, "success");
  expect(state(fleet)).toBe("closed");
});

test("without a breaker nothing opens, and one that is turned off lets everything through", () => {
  const fleet = one();
  requests(fleet, 4, "reset");
  expect(fleet.pick()).toBeUndefined();
  fleet.reload({ policy: { breaker: undefined } });
  requests(fleet, 20, "reset");
  expect(fleet.request()).toBe("a");
  expect(state(fleet)).toBe("closed");
  expect(fleet.backend("a").inFlight).toBe(0);
});

test("its state outlives a reload, also where the backend was away in between", () => {
  const fleet = one();
  requests(fleet, 4, "reset");
  fleet.reload({ backends: ["b"] });
  expect(fleet.request()).toBe("b");
  fleet.reload({ backends: ["b", "a"] });
  expect(state(fleet)).toBe("open");
  expect([fleet.request(), fleet.request()]).toEqual(["b", "b"]);
});

test("a backend whose breaker has closed has its share grow again", () => {
  const policy = { breaker, slowStartMs: 10_000 };
  const fleet = new Fleet({ workers: 2, backends: ["a", "b"], policy });
  const sticky = fleet.backend("a").index;
  for (let n = 0; n < 4; n++) fleet.request("reset", { sticky });
  fleet.now += 1_000;
  for (let n = 0; n < 3; n++) fleet.request("success", { sticky });
  expect(fleet.told().at(-1)).toBe("breaker-closed");
  const hosts = Array.from({ length: 210 }, (_, n) => fleet.request("success", {}, n % 2));
  expect(hosts.filter((host) => host === "a")).toHaveLength(10);
});

test("half the backends open is no outage: the others get their requests", () => {
  const fleet = new Fleet({ workers: 2, backends: ["a", "b"], policy: { breaker } });
  const sticky = fleet.backend("a").index;
  for (let n = 0; n < 4; n++) fleet.request("reset", { sticky }, n % 2);
  const hosts = Array.from({ length: 10 }, (_, n) => fleet.request("success", {}, n % 2));
  expect(new Set(hosts)).toEqual(new Set(["b"]));
  fleet.now += 1_000;
  const later = Array.from({ length: 10 }, (_, n) => fleet.request("success", {}, n % 2));
  expect(later.filter((host) => host === "a")).toHaveLength(5);
  expect(fleet.told()).toEqual(["breaker-opened", "breaker-half-open", "breaker-closed"]);
});

test("twelve days later, when the time in the word has gone around, it works as ever", () => {
  const fleet = one();
  for (let round = 0; round < 6; round++) {
    requests(fleet, 4, "reset");
    expect(state(fleet)).toBe("open");
    fleet.now += 4 * 24 * 3_600_000 + 17;
    requests(fleet, 3, "success");
    expect(state(fleet)).toBe("closed");
    fleet.now += 3 * 24 * 3_600_000 + 1;
  }
});
