/** What single algorithms promise beyond what all of them do. */
import { expect, test } from "vitest";

import { keyHash } from "../../../artifact/hash.ts";
import { apportion } from "../../../dataplane/pool/balance/apportion.ts";
import { Fleet, type Picked } from "./fleet.ts";

const hosts = (fleet: Fleet, workers: readonly number[]): string[] =>
  workers.map((worker) => fleet.request("success", {}, worker));

const hashes = Array.from({ length: 5_000 }, (_, n) => keyHash(Buffer.from(`user ${n}`)));

/** Where each of the hashes goes. */
function targets(fleet: Fleet, worker = 0): string[] {
  return hashes.map((hash) => fleet.request("success", { hash }, worker));
}

test("round robin goes one after the other for all workers together", () => {
  const fleet = new Fleet({ backends: ["a", "b", "c"] });
  expect(hosts(fleet, [0, 1, 0, 1, 1, 1, 0])).toEqual(["a", "b", "c", "a", "b", "c", "a"]);
});

test("weighted round robin gives each its weight in every round, spread over it, over all workers", () => {
  const backends = [{ host: "a", weight: 5 }, "b", "c"];
  const fleet = new Fleet({ backends, policy: { algorithm: "weighted-rr" } });
  const round = hosts(fleet, [0, 1, 1, 0, 1, 0, 0]);
  expect(round).toEqual(["a", "a", "a", "b", "c", "a", "a"]);
  for (let n = 0; n < 10; n++) {
    const again = hosts(fleet, [0, 0, 1, 1, 1, 0, n % 2]);
    expect(again.filter((host) => host === "a")).toHaveLength(5);
  }
});

test("turns are dealt out exactly, however large the weights are", () => {
  for (const weights of [[1], [1, 1], [5, 1, 1], [7, 3, 2, 2, 1], [1_000, 1, 999], [10, 20, 30]]) {
    const sum = weights.reduce((a, b) => a + b, 0);
    const dealt = weights.map(() => 0);
    for (let turn = 0; turn < sum; turn++) {
      dealt[apportion(weights, sum, turn + 3 * sum)]!++;
      // No member is ever a whole turn and more from what is due.
      for (const [member, weight] of weights.entries()) {
        const due = ((turn + 1) * weight) / sum;
        expect(Math.abs(dealt[member]! - due)).toBeLessThan(Math.max(1, weights.length / 2));
      }
    }
    expect(dealt).toEqual(weights);
  }
  const large = [999_983, 1_000_000, 1];
  const sum = large.reduce((a, b) => a + b, 0);
  const dealt = [0, 0, 0];
  for (let turn = 0; turn < sum; turn++) dealt[apportion(large, sum, turn)]!++;
  expect(dealt).toEqual(large);
});

test("least connections picks the backend with the fewest requests from all workers", () => {
  const fleet = new Fleet({
    backends: ["a", "b", "c"],
    policy: { algorithm: "least-connections" },
  });
  const picked: Picked[] = [];
  for (let n = 0; n < 6; n++) picked.push(fleet.mustPick({}, n % 2));
  const inFlight = (): number[] => ["a", "b", "c"].map((host) => fleet.backend(host).inFlight);
  expect(inFlight()).toEqual([2, 2, 2]);
  const atB = picked.filter(({ backend }) => backend.address.host === "b");
  for (const one of atB) fleet.settle(one);
  expect(hosts(fleet, [0])).toEqual(["b"]);
  const more = [fleet.mustPick({}, 1), fleet.mustPick({}, 0)];
  expect(more.map(({ backend }) => backend.address.host)).toEqual(["b", "b"]);
  expect(inFlight()).toEqual([2, 2, 2]);
});

test("weighted least connections keeps the requests in flight in proportion to the weights", () => {
  const backends = [{ host: "a", weight: 3 }, "b"];
  const fleet = new Fleet({ backends, policy: { algorithm: "weighted-least-connections" } });
  for (let n = 0; n < 40; n++) {
    fleet.mustPick({}, n % 2);
    const [a, b] = [fleet.backend("a").inFlight, fleet.backend("b").inFlight];
    expect(Math.abs(a - 3 * b)).toBeLessThanOrEqual(3);
  }
  expect([fleet.backend("a").inFlight, fleet.backend("b").inFlight]).toEqual([30, 10]);
});

test("power of two choices evens out what chance would not", () => {
  const backends = Array.from({ length: 10 }, (_, n) => `h${n}`);
  const spread = (algorithm: "random" | "p2c"): number => {
    const fleet = new Fleet({ backends, policy: { algorithm } });
    for (let n = 0; n < 1_000; n++) fleet.mustPick({}, n % 2);
    const inFlight = backends.map((host) => fleet.backend(host).inFlight);
    return Math.max(...inFlight) - Math.min(...inFlight);
  };
  expect(spread("p2c")).toBeLessThanOrEqual(8);
  expect(spread("random")).toBeGreaterThan(8);
});

test("by latency the slow backend gets little, and is tried again when it has had time", () => {
  const fleet = new Fleet({ backends: ["fast", "slow"], policy: { algorithm: "ewma" } });
  const counts = (requests: number): number => {
    let slow = 0;
    for (let n = 0; n < requests; n++) {
      const picked = fleet.mustPick({}, n % 2);
      const isSlow = picked.backend.address.host === "slow";
      fleet.settle(picked, "success", isSlow ? 100 : 5);
      fleet.now += 1;
      if (isSlow) slow++;
    }
    return slow;
  };
  expect(counts(1_000)).toBeLessThan(10);
  expect(counts(1_000)).toBe(0);
  fleet.now += 60_000;
  expect(counts(1_000)).toBeGreaterThan(0);
});

test("by latency a failure is no fast answer", () => {
  const fleet = new Fleet({ backends: ["a", "b"], policy: { algorithm: "ewma" } });
  for (let n = 0; n < 20; n++) {
    const picked = fleet.mustPick();
    const fails = picked.backend.address.host === "a";
    fleet.settle(picked, fails ? "reset" : "success", fails ? 0 : 20);
  }
  expect(fleet.backend("a").slot.latencyMs).toBeGreaterThan(fleet.backend("b").slot.latencyMs);
});

test("a key always goes to the same backend, in every worker and after a reload", () => {
  const options = { backends: ["a", "b", "c"], policy: { algorithm: "consistent-hash" } } as const;
  const fleet = new Fleet(options);
  const before = targets(fleet);
  expect(targets(fleet, 1)).toEqual(before);
  expect(targets(new Fleet(options))).toEqual(before);
  fleet.reload({ backends: ["c", "a", "b"] });
  expect(targets(fleet)).toEqual(before);
});

test("where a backend goes, only its keys move", () => {
  const backends = Array.from({ length: 10 }, (_, n) => `h${n}`);
  const fleet = new Fleet({ backends, policy: { algorithm: "consistent-hash" } });
  const before = targets(fleet);
  const moved = (now: readonly string[]): number =>
    now.filter((host, n) => host !== before[n]).length / now.length;
  // Out of use, it is passed over: not one key moves that was not its own.
  fleet.main.setDraining(fleet.slot("h3"), true);
  const without = targets(fleet);
  expect(without).not.toContain("h3");
  expect(without.every((host, n) => host === before[n] || before[n] === "h3")).toBe(true);
  fleet.main.setDraining(fleet.slot("h3"), false);
  expect(targets(fleet)).toEqual(before);
  fleet.reload({ backends: backends.filter((host) => host !== "h3") });
  expect(moved(targets(fleet))).toBeLessThan(0.11);
});

test("with a bound no backend has more than so many times its share in flight", () => {
  const fleet = new Fleet({
    backends: ["a", "b", "c", "d"],
    policy: { algorithm: "consistent-hash", boundedLoadPercent: 125 },
  });
  // Half of the requests are for one key.
  const favourite = hashes[0]!;
  for (let n = 0; n < 400; n++) {
    fleet.mustPick({ hash: n % 2 === 0 ? favourite : hashes[n]! }, n % 2);
    const inFlight = ["a", "b", "c", "d"].map((host) => fleet.backend(host).inFlight);
    expect(Math.max(...inFlight)).toBeLessThanOrEqual(Math.ceil(((n + 1) / 4) * 1.25));
  }
});

test("endpoints of one written backend share its keys", () => {
  const fleet = new Fleet({
    backends: ["name.test", "10.0.0.9"],
    policy: { algorithm: "consistent-hash" },
  });
  const before = targets(fleet);
  fleet.names.set("name.test", "10.0.0.1", "10.0.0.2");
  const endpointOf = (hash: number): string => {
    const picked = fleet.mustPick({ hash });
    fleet.settle(picked);
    return picked.backend.id;
  };
  const after = hashes.map(endpointOf);
  for (const [n, host] of before.entries()) {
    expect(after[n]!.startsWith(`label-http://${host}`)).toBe(true);
  }
  expect(new Set(after).size).toBe(3);
  expect(hashes.map(endpointOf)).toEqual(after);
});
