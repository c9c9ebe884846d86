/** Give-back: which pools a worker lets go of when nobody asks for them, and that nothing is missed then. */
import { expect, test } from "vitest";

import { type BackendAddress, parseBackendUrl } from "../../../artifact/address.ts";
import { encode } from "../../../artifact/encode.ts";
import type { PoolPolicy } from "../../../artifact/model.ts";
import { openArtifact } from "../../../artifact/view.ts";
import { Deadlines } from "../../../dataplane/deadlines.ts";
import { Generation } from "../../../dataplane/generation.ts";
import { GiveBack } from "../../../dataplane/give-back.ts";
import { ReadBuffers } from "../../../dataplane/http/wire.ts";
import type { Pool, PoolSpec } from "../../../dataplane/pool/pool.ts";
import { PoolRegistry } from "../../../dataplane/pool/pool-registry.ts";
import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { modelOf, POOL_POLICY, route, SETTINGS } from "../../fixtures/artifact-model.ts";
import { finish } from "./steps.ts";
import { ANY, TestNames } from "./fleet.ts";

/** A breaker, an ejection and a slow start that one failure is enough for. */
const TOUCHY = {
  breaker: {
    failureThreshold: 1,
    successThreshold: 1,
    timeoutMs: 5_000,
    halfOpenRequestsMax: 1,
    statuses: [],
  },
} satisfies Partial<PoolPolicy>;
const EJECTING = {
  passive: {
    consecutiveFailures: 1,
    failureRatePercent: 0,
    requestsMin: 1,
    windowMs: 10_000,
    ejectionMs: 1_000,
    ejectionMaxMs: 60_000,
    ejectedPercentMax: 100,
    statuses: [],
  },
} satisfies Partial<PoolPolicy>;

/** The registry of one worker of two, with a clock that the test sets. */
class Worker {
  now = 1_000;
  readonly generation = 1;
  readonly names = new TestNames();
  readonly main = PoolState.create(2, () => this.now);
  readonly pools = new PoolRegistry(this.#context(0));
  readonly other = new PoolRegistry(this.#context(1));
  forgotten = 0;

  #context(index: number) {
    const state = PoolState.over(this.main.buffer, index, () => this.now);
    return { state, names: this.names, tell: () => {}, random: Math.random };
  }

  /** The pool of a key; the one there is, where there is one. */
  pool(hosts = ["10.0.0.1", "10.0.0.2"], policy: Partial<PoolPolicy> = {}, key = "pool"): Pool {
    return this.pools.use(this.generation, specOf(key, hosts, policy));
  }

  /** A whole round. */
  round(isHeld: (pool: Pool) => boolean = () => false, keptMin = 0): void {
    const onForgotten = (): void => void this.forgotten++;
    while (!this.pools.forgetUnused(100, { keptMin, isHeld, onForgotten }));
  }

  /** A round after which `pool` counts as unused, and one that looks whether it can go. */
  lets(pool: Pool): boolean {
    this.round();
    this.now += 60_000;
    this.round();
    return pool.isClosed;
  }
}

function specOf(key: string, hosts: string[], policy: Partial<PoolPolicy>): PoolSpec {
  const backends = hosts.map((host) => ({
    address: parseBackendUrl(`http://${host}`) as BackendAddress,
    weight: 1,
    priority: 0,
    connectionsMax: 0,
  }));
  return { key, label: key, policy: { ...POOL_POLICY, ...policy }, table: [], backends };
}

const request = (pool: Pool, outcome: "success" | "reset" = "success"): string => {
  const backend = pool.pick(ANY)!;
  backend.settle(outcome, 1, pool.ticket);
  return backend.address.host;
};

test("a pool that was used since the last round stays, and goes with the round behind it", () => {
  const worker = new Worker();
  const pool = worker.pool();
  request(pool);
  worker.round();
  request(pool);
  worker.round();
  expect(pool.isClosed).toBe(false);
  worker.round();
  expect(pool.isClosed).toBe(true);
  expect([worker.pools.size, worker.forgotten]).toEqual([0, 1]);
});

test("only so many are looked at in one go", () => {
  const worker = new Worker();
  const pools = Array.from({ length: 10 }, (_, at) => worker.pool(["10.0.0.1"], {}, `pool ${at}`));
  worker.round();
  const all = { keptMin: 0, isHeld: () => false, onForgotten: () => {} };
  const isOver = worker.pools.forgetUnused(4, all);
  expect(isOver).toBe(false);
  expect(pools.map(({ isClosed }) => isClosed)).toEqual([
    ...Array(4).fill(true),
    ...Array(6).fill(false),
  ]);
  // One that comes in the midst of a round is new to it.
  const late = worker.pool(["10.0.0.1"], {}, "late");
  worker.round();
  expect(pools.every(({ isClosed }) => isClosed)).toBe(true);
  expect(late.isClosed).toBe(false);
});

test("a few stay, asked for or not: they are not worth it", () => {
  const worker = new Worker();
  const pools = Array.from({ length: 10 }, (_, at) => worker.pool(["10.0.0.1"], {}, `pool ${at}`));
  for (let n = 0; n < 3; n++) worker.round(() => false, 4);
  expect(pools.filter(({ isClosed }) => !isClosed)).toHaveLength(4);
});

test("a request in flight keeps its pool", () => {
  const worker = new Worker();
  const pool = worker.pool();
  const backend = pool.pick(ANY)!;
  const { ticket } = pool;
  expect(worker.lets(pool)).toBe(false);
  backend.settle("success", 1, ticket);
  expect(worker.lets(pool)).toBe(true);
});

test("a request that waits for a place keeps its pool", () => {
  const worker = new Worker();
  const pool = worker.pool(["10.0.0.1"], { queue: { waitersMax: 1, timeoutMs: 600_000 } });
  const waiter = { request: ANY, onBackend: () => {}, onTimeout: () => {} };
  expect(pool.wait(waiter)).toBe(true);
  expect(worker.lets(pool)).toBe(false);
  pool.cancel(waiter);
  expect(worker.lets(pool)).toBe(true);
});

test("a delivery that pauses before it tries again keeps its pool", () => {
  const worker = new Worker();
  const pool = worker.pool();
  pool.pauses++;
  expect(worker.lets(pool)).toBe(false);
  pool.pauses--;
  expect(worker.lets(pool)).toBe(true);
});

test("a connection that is kept keeps its pool", () => {
  const worker = new Worker();
  const pool = worker.pool();
  const context = { deadlines: new Deadlines(() => worker.now), buffers: new ReadBuffers() };
  const connection = pool.backends[1]!.take(context);
  expect(pool.backends[1]!.keep(connection)).toBe(true);
  expect(worker.lets(pool)).toBe(false);
  connection.destroy();
  expect(worker.lets(pool)).toBe(true);
});

test("the pool of a stream stays, asked for or not", () => {
  const worker = new Worker();
  const pool = worker.pool();
  worker.round((held) => held === pool);
  worker.round((held) => held === pool);
  expect(pool.isClosed).toBe(false);
});

test("what was known of its backends is known when it is made anew", () => {
  const worker = new Worker();
  const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  const pool = worker.pool(hosts, TOUCHY);
  const sticky = pool.stickyTagOf(pool.backends[2]!);
  expect([request(pool), request(pool, "reset")]).toEqual(hosts.slice(0, 2));
  const drained = worker.main.acquire(pool.backends[2]!.identity);
  worker.main.setDraining(drained, true);
  const slots = pool.backends.map(({ slot }) => slot.slot);
  // As the artifact names them.
  const identities = [identityOf("pool"), ...pool.backends.map(({ identity }) => identity)];
  expect(worker.lets(pool)).toBe(true);
  expect(finish(worker.main.collect(() => identities, new Set()))).toBe(0);
  const again = worker.pool(hosts, TOUCHY);
  expect(again).not.toBe(pool);
  expect(again.backends.map(({ slot }) => slot.slot)).toEqual(slots);
  expect(again.backends.map(({ breakerState }) => breakerState)).toEqual([
    "closed",
    "open",
    "closed",
  ]);
  expect(again.backends.map(({ isDraining }) => isDraining)).toEqual([false, false, true]);
  expect(again.stickyTagOf(again.backends[2]!)).toBe(sticky);
});

test("turns go on where they were, and those of other workers count", () => {
  const worker = new Worker();
  const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  const pool = worker.pool(hosts);
  const other = worker.other.use(1, specOf("pool", hosts, {}));
  expect([request(pool), request(other)]).toEqual(hosts.slice(0, 2));
  expect(worker.lets(pool)).toBe(true);
  expect([request(worker.pool(hosts)), request(other)]).toEqual([hosts[2], hosts[0]]);
});

test("its hold on the common memory is given back, once nobody has the pool it is nobody's", () => {
  const worker = new Worker();
  const pool = worker.pool();
  const other = worker.other.use(1, specOf("pool", ["10.0.0.1", "10.0.0.2"], {}));
  request(pool);
  const collected = (): number => finish(worker.main.collect(() => [], new Set()));
  expect(worker.lets(pool)).toBe(true);
  expect(collected()).toBe(0);
  other.close();
  expect(collected()).toBe(3);
});

test("a name is looked up no more", () => {
  const worker = new Worker();
  const pool = worker.pool(["name.test"]);
  worker.names.set("name.test", "10.0.0.1", "10.0.0.2");
  request(pool);
  expect(worker.lets(pool)).toBe(true);
  expect(worker.names.uses("name.test")).toBe(0);
});

test.each([
  ["its breaker is open", TOUCHY, 0],
  ["it is ejected", EJECTING, 1_000],
  ["its next ejection would be longer", EJECTING, 59_000],
])(
  "an endpoint of a name keeps its pool while %s, as no artifact names it",
  (_, policy, afterMs) => {
    const worker = new Worker();
    const pool = worker.pool(["name.test"], policy);
    worker.names.set("name.test", "10.0.0.1");
    request(pool, "reset");
    worker.round();
    worker.now += afterMs;
    // Whoever asks sees that the time is over.
    if (afterMs > 0) request(pool);
    worker.round();
    worker.round();
    expect(pool.isClosed).toBe(false);
    if (policy === TOUCHY) {
      worker.now += 5_000;
      request(pool);
    } else worker.now += 70_000;
    expect(worker.lets(pool)).toBe(true);
  },
);

test("an endpoint of a name that is slowly started keeps its pool until it has its share", () => {
  const worker = new Worker();
  const pool = worker.pool(["name.test"], { slowStartMs: 300_000 });
  worker.names.set("name.test", "10.0.0.1");
  worker.names.set("name.test", "10.0.0.1", "10.0.0.2");
  expect(worker.lets(pool)).toBe(false);
  worker.now += 300_000;
  expect(worker.lets(pool)).toBe(true);
});

test("endpoints of a name that was looked up before are not taken for new ones", () => {
  const worker = new Worker();
  const hosts = ["10.0.0.9", "name.test"];
  const policy = { slowStartMs: 300_000, algorithm: "weighted-rr" } as const;
  const pool = worker.pool(hosts, policy);
  worker.names.set("name.test", "10.0.0.1");
  request(pool);
  expect(worker.lets(pool)).toBe(true);
  // Nobody holds the endpoint's memory any more.
  finish(worker.main.collect(() => [], new Set()));
  const again = worker.pool(hosts, policy);
  const picked = Array.from({ length: 10 }, () => request(again));
  expect(picked.filter((host) => host === "10.0.0.9")).toHaveLength(5);
});

test("one that came to a pool with a reload is new, also when the pool was let go meanwhile", () => {
  const worker = new Worker();
  const policy = { slowStartMs: 300_000, algorithm: "weighted-rr" } as const;
  const pool = worker.pool(["10.0.0.9"], policy);
  worker.now += 1_000;
  pool.update(specOf("pool", ["10.0.0.9", "name.test"], policy));
  worker.names.set("name.test", "10.0.0.1");
  expect(pool.backends[1]!.slot.upSince).toBe(worker.now);
});

// --- routes ------------------------------------------------------------------------------------------

function serving(count: number) {
  const worker = new Worker();
  worker.main.reserve(2 * count);
  const routes = Array.from({ length: count }, (_, at) => route(`ANY * /${at}/*`));
  const model = modelOf(routes, SETTINGS);
  for (const pool of model.pools) {
    pool.backends = pool.backends.map((one) => ({ ...one, url: "http://10.0.0.1:9" }));
  }
  const generation = new Generation(openArtifact(encode(model)), new Map(), worker.pools);
  let releases = 0;
  let utilization = 0;
  const giveBack = new GiveBack(worker.pools, () => generation, 0, {
    utilization: () => utilization,
    release: () => void releases++,
  });
  const round = (): number => {
    let steps = 1;
    while (!giveBack.step()) steps++;
    return steps;
  };
  const isBusy = (is: boolean): void => void (utilization = is ? 0.5 : 0);
  return { worker, generation, round, isBusy, releases: () => releases };
}

test("a route whose pool was let go is read anew", () => {
  const { generation, round, worker } = serving(3);
  const before = [0, 1, 2].map((row) => generation.route(row));
  round();
  generation.route(1);
  round();
  expect(before.map(({ pool }) => pool.isClosed)).toEqual([true, false, true]);
  expect(worker.pools.size).toBe(1);
  const after = [0, 1, 2].map((row) => generation.route(row));
  expect(after.map((one, row) => one === before[row])).toEqual([false, true, false]);
  expect(after.map(({ service }) => service)).toEqual(before.map(({ service }) => service));
  expect(after.map(({ pool }) => request(pool))).not.toContain(undefined);
});

test("a request that comes between the pools' round and the routes' has a pool that serves", () => {
  const { generation, worker } = serving(1);
  const before = generation.route(0);
  worker.round();
  worker.round();
  expect(before.pool.isClosed).toBe(true);
  const { pool } = generation.route(0);
  expect(request(pool)).not.toBe("");
  generation.forgetRoutes(100);
  expect(generation.route(0).pool).toBe(pool);
});

test("a round takes many small steps, and behind it much memory is released, once the worker is calm", () => {
  const { generation, round, isBusy, releases } = serving(12_000);
  for (let row = 0; row < 12_000; row++) generation.route(row);
  expect(round()).toBeGreaterThan(40);
  isBusy(true);
  for (let n = 0; n < 3; n++) round();
  expect(releases()).toBe(0);
  isBusy(false);
  for (let n = 0; n < 3; n++) round();
  expect(releases()).toBe(1);
});
