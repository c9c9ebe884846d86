/** Pools: what stays over generations, endpoints of names, cookies. */
import { expect, test } from "vitest";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";
import type { PoolSpec } from "../../../dataplane/pool/pool.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { POOL_POLICY } from "../../fixtures/artifact-model.ts";
import { finish } from "./steps.ts";
import { Fleet, TestNames } from "./fleet.ts";

test("a backend that a new generation still names is the same one, others are removed", () => {
  const fleet = new Fleet({ backends: ["a", "b"] });
  const [a, b] = [fleet.backend("a"), fleet.backend("b")];
  fleet.reload({ backends: ["c", "b"] });
  expect(fleet.pools[0]!.backends[1]).toBe(b);
  expect([a.isRemoved, b.isRemoved]).toEqual([true, false]);
  expect(fleet.backend("c").slot.slot).not.toBe(a.slot.slot);
});

test("turns go on over a reload", () => {
  const fleet = new Fleet({ backends: ["a", "b", "c"] });
  expect([fleet.request(), fleet.request()]).toEqual(["a", "b"]);
  fleet.reload({ backends: ["a", "b", "c"] });
  expect([fleet.request(), fleet.request()]).toEqual(["c", "a"]);
});

test("requests to a removed backend end as they would have, and then its slot is nobody's", () => {
  const fleet = new Fleet({ backends: ["a"] });
  const picked = fleet.mustPick();
  const slot = fleet.slot("a");
  fleet.reload({ backends: ["b"] });
  expect(fleet.main.inFlight(slot)).toBe(1);
  const named = new Set<number>();
  expect(finish(fleet.main.collect(() => [], named))).toBe(0);
  fleet.settle(picked, "reset");
  expect(fleet.main.inFlight(slot)).toBe(0);
  expect(finish(fleet.main.collect(() => [picked.backend.identity], named))).toBe(0);
  expect(named).toEqual(new Set([slot]));
  expect(finish(fleet.main.collect(() => [], new Set()))).toBe(1);
});

test("each endpoint of a name is a backend, and those that stay keep what is known of them", () => {
  const fleet = new Fleet({ backends: ["name.test", "10.0.0.9"] });
  const ids = (): string[] => fleet.pools[0]!.backends.map(({ id }) => id);
  expect(ids()).toEqual(["label-http://name.test:80", "label-http://10.0.0.9:80"]);
  const placeholder = fleet.mustPick();
  fleet.names.set("name.test", "10.0.0.1", "10.0.0.2");
  expect(ids()).toEqual([
    "label-http://name.test:80 (10.0.0.1)",
    "label-http://name.test:80 (10.0.0.2)",
    "label-http://10.0.0.9:80",
  ]);
  expect(placeholder.backend.isRemoved).toBe(true);
  fleet.settle(placeholder);
  const [, second] = fleet.pools[0]!.backends;
  fleet.main.setDraining(second!.slot.slot, true);
  fleet.names.set("name.test", "10.0.0.2", "10.0.0.3");
  expect(fleet.pools[0]!.backends[0]).toBe(second);
  const used = new Set(
    Array.from({ length: 10 }, () => {
      const picked = fleet.mustPick();
      fleet.settle(picked);
      return picked.backend.id;
    }),
  );
  expect(used).toEqual(new Set(["label-http://name.test:80 (10.0.0.3)", ids()[2]]));
  expect(fleet.names.uses("name.test")).toBe(2);
  fleet.reload({ backends: ["10.0.0.9"] });
  expect(fleet.names.uses("name.test")).toBe(0);
});

test("a cookie's tag names a backend in every worker and tells nothing of it", () => {
  const policy = {
    sticky: {
      cookie: "c",
      secret: "${env:KEY}",
      ttlMs: 0,
      path: "/",
      secure: "auto",
      sameSite: "lax",
    },
  } as const;
  const fleet = new Fleet({ backends: ["a", "b", "c"], policy });
  const [one, other] = fleet.pools as [(typeof fleet.pools)[0], (typeof fleet.pools)[0]];
  const tag = one.stickyTagOf(one.backends[1]!);
  expect(tag).toMatch(/^[\w-]{16}$/);
  expect(other.backendOfTag(tag)).toBe(1);
  expect(one.backendOfTag("nobody's")).toBe(-1);
  fleet.reload({ backends: ["b", "c"] });
  expect(other.backendOfTag(tag)).toBe(0);
  fleet.reload({ backends: ["c"] });
  expect(other.backendOfTag(tag)).toBe(-1);
});

test("a worker that dies leaves no request in flight behind", () => {
  const fleet = new Fleet({ backends: ["a", "b"] });
  const mine = fleet.mustPick({}, 0);
  fleet.mustPick({}, 1);
  fleet.mustPick({}, 1);
  const inFlight = (): number =>
    fleet.main.inFlight(fleet.slot("a")) + fleet.main.inFlight(fleet.slot("b"));
  expect(inFlight()).toBe(3);
  fleet.die(1);
  expect(inFlight()).toBe(1);
  fleet.settle(mine);
  expect(inFlight()).toBe(0);
});

function registry(): PoolRegistry {
  return new PoolRegistry({
    state: PoolState.over(PoolState.create(1).buffer, 0),
    names: new TestNames(),
    tell: () => {},
    random: Math.random,
  });
}

function spec(key: string, ...hosts: string[]): PoolSpec {
  const backends = hosts.map((host) => ({
    address: parseBackendUrl(`http://${host}`) as BackendAddress,
    weight: 1,
    priority: 0,
    connectionsMax: 0,
  }));
  return { key, label: key, policy: POOL_POLICY, table: [], backends };
}

test("a pool is found again by its key, and follows the generation that uses it", () => {
  const pools = registry();
  const [before, after] = [pools.begin(), pools.begin()];
  const pool = pools.use(before, spec("p", "a"));
  expect(pools.use(before, spec("p", "ignored, as the generation is the same"))).toBe(pool);
  expect(pool.backends.map(({ address }) => address.host)).toEqual(["a"]);
  expect(pools.use(after, spec("p", "b"))).toBe(pool);
  expect(pool.backends.map(({ address }) => address.host)).toEqual(["b"]);
  expect(pools.use(before, spec("p", "a request of the one before has nothing to say"))).toBe(pool);
  expect(pool.backends.map(({ address }) => address.host)).toEqual(["b"]);
});

test("pools that were not used since a generation came are let go", () => {
  const pools = registry();
  const [before, after, last] = [pools.begin(), pools.begin(), pools.begin()];
  const kept = pools.use(before, spec("kept", "a"));
  const gone = pools.use(before, spec("gone", "a"));
  pools.use(after, spec("kept", "a"));
  const later = pools.use(last, spec("later", "a"));
  pools.sweep(after);
  expect(later.backends).toHaveLength(1);
  expect(gone.backends).toEqual([]);
  expect(gone.pick({ hash: 0, sticky: -1, tried: [] })).toBeUndefined();
  expect(pools.use(after, spec("kept", "a"))).toBe(kept);
  expect(pools.use(after, spec("gone", "a"))).not.toBe(gone);
});
