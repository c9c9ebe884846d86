/** Pools: whose turn it is, and what stays over generations. */
import { expect, test } from "vitest";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import { Pool, type PoolSpec } from "../../../dataplane/pool/pool.ts";
import { Turn } from "../../../dataplane/pool/turns.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";

const spec = (key: string, ...hosts: string[]): PoolSpec => ({
  key,
  algorithm: "round-robin",
  turn: new Turn(new Uint32Array(new SharedArrayBuffer(4)), 0),
  backends: hosts.map((host) => ({
    address: parseBackendUrl(`http://${host}`) as BackendAddress,
    weight: 1,
  })),
});

const picks = (pool: Pool, count: number): string[] =>
  Array.from({ length: count }, () => pool.pick()?.address.host ?? "none");

test("backends are picked in turn", () => {
  const pool = new Pool(spec("p", "a", "b", "c"));
  expect(picks(pool, 7)).toEqual(["a", "b", "c", "a", "b", "c", "a"]);
});

test("a pool of one always picks it, and one of none picks none", () => {
  const pool = new Pool(spec("p"));
  expect(picks(pool, 1)).toEqual(["none"]);
  pool.update(spec("p", "a"));
  expect(picks(pool, 3)).toEqual(["a", "a", "a"]);
});

test("pools of all workers share their turn", () => {
  const shared = spec("p", "a", "b", "c");
  const pools = [0, 1].map(() => new PoolRegistry().use({}, shared));
  const order = [0, 1, 0, 1, 1].map((worker) => picks(pools[worker]!, 1).join());
  expect(order).toEqual(["a", "b", "c", "a", "b"]);
});

test("a backend that a new generation still names is the same one, others are removed", () => {
  const pool = new Pool(spec("p", "a", "b"));
  const [a, b] = pool.backends;
  pool.update(spec("p", "c", "b"));
  expect(pool.backends[1]).toBe(b);
  expect(a?.isRemoved).toBe(true);
  expect(b?.isRemoved).toBe(false);
  expect(picks(pool, 4).toSorted()).toEqual(["b", "b", "c", "c"]);
});

test("a pool is found again by its key, and follows the generation that uses it", () => {
  const registry = new PoolRegistry();
  const before = {};
  const after = {};
  const pool = registry.use(before, spec("p", "a"));
  expect(registry.use(before, spec("p", "ignored, as the generation is the same"))).toBe(pool);
  expect(picks(pool, 1)).toEqual(["a"]);
  expect(registry.use(after, spec("p", "b"))).toBe(pool);
  expect(picks(pool, 1)).toEqual(["b"]);
});

test("pools that a generation does not use are let go", () => {
  const registry = new PoolRegistry();
  const before = {};
  const after = {};
  const kept = registry.use(before, spec("kept", "a"));
  const gone = registry.use(before, spec("gone", "a"));
  registry.use(after, spec("kept", "a"));
  registry.sweep(after);
  expect(gone.backends).toEqual([]);
  expect(registry.use(after, spec("kept", "a"))).toBe(kept);
  expect(registry.use(after, spec("gone", "a"))).not.toBe(gone);
});

test("smooth weighted round robin gives each its weight in every round, spread over it", () => {
  const weighted = spec("p", "a", "b", "c");
  weighted.algorithm = "weighted-rr";
  for (const [index, weight] of [5, 1, 1].entries()) weighted.backends[index]!.weight = weight;
  const pool = new Pool(weighted);
  expect(picks(pool, 7)).toEqual(["a", "a", "b", "a", "c", "a", "a"]);
  expect(picks(pool, 70).filter((host) => host === "a")).toHaveLength(50);
});

test("a changed weight takes effect with the next round", () => {
  const weighted = (a: number, b: number): PoolSpec => {
    const changed = spec("p", "a", "b");
    changed.algorithm = "weighted-rr";
    changed.backends[0]!.weight = a;
    changed.backends[1]!.weight = b;
    return changed;
  };
  const pool = new Pool(weighted(1, 1));
  picks(pool, 4);
  pool.update(weighted(3, 1));
  expect(picks(pool, 40).filter((host) => host === "a")).toHaveLength(30);
});

test("least connections picks the backend with the fewest requests under way", () => {
  const least = spec("p", "a", "b", "c");
  least.algorithm = "least-connections";
  const pool = new Pool(least);
  expect(picks(pool, 3)).toEqual(["a", "b", "c"]);
  for (const [index, inFlight] of [3, 1, 2].entries()) pool.backends[index]!.inFlight = inFlight;
  expect(picks(pool, 3)).toEqual(["b", "b", "b"]);
});
