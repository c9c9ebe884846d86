import { setImmediate as turn } from "node:timers/promises";

import { expect, test } from "vitest";

import { viewVerified } from "../../../artifact/view.ts";
import { Generation } from "../../../dataplane/generation.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { releaseMemory } from "../../../dataplane/retired-artifacts.ts";
import { serving } from "../../harness/artifact.ts";
import { TestNames } from "../pool/fleet.ts";

test("what was asked for in a generation does not keep its artifact", async () => {
  const pools = new PoolRegistry({
    state: PoolState.over(PoolState.create(1).buffer, 0),
    names: new TestNames(),
    tell: () => {},
    random: Math.random,
  });
  /** A generation in which only its own route is asked for, and what is left of it. */
  const pass = (name: string): WeakRef<Uint8Array> => {
    const file = serving({ to: "http://127.0.0.1:9", name });
    const generation = new Generation(viewVerified(file), new Map(), pools);
    expect(generation.route(0).pool.isClosed).toBe(false);
    return new WeakRef(generation.view.strings);
  };
  const artifacts = ["a", "b", "c"].map(pass);
  expect(pools.size).toBe(3);
  // What a WeakRef was made of stays until the turn is over.
  await turn();
  releaseMemory();
  expect(artifacts.map((one) => one.deref())).toEqual([undefined, undefined, undefined]);
});
