/**
 * Pools under any schedule: picks, ends, deaths of workers, clock steps and reloads in any order, over
 * several workers on one shared memory, keep the promises that no order may break.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ALGORITHMS } from "../../artifact/model.ts";
import type { Backend } from "../../dataplane/pool/backend.ts";
import { failsBreaker, type Outcome } from "../../dataplane/pool/outcome.ts";
import type { BreakerState } from "../../dataplane/pool/state/breaker.ts";
import { Fleet, type Picked } from "../unit/pool/fleet.ts";
import { effort, seed } from "./seed.ts";

const WORKERS = 3;
/** A busy machine takes its time. */
const PATIENT = { timeout: 120_000 };
const HOSTS = ["a", "b", "c"] as const;
const OUTCOMES: readonly Outcome[] = [
  "success",
  "connect-failure",
  "reset",
  "timeout",
  "status",
  "breaker-status",
  "passive-status",
  "aborted",
];

const breaker = {
  failureThreshold: 3,
  successThreshold: 2,
  timeoutMs: 100,
  halfOpenRequestsMax: 2,
  statuses: [],
};
const passive = {
  consecutiveFailures: 4,
  failureRatePercent: 60,
  requestsMin: 5,
  windowMs: 400,
  ejectionMs: 50,
  ejectionMaxMs: 200,
  ejectedPercentMax: 34,
  statuses: [],
};

type Step =
  | { kind: "pick"; worker: number; hash: number; tried: number; sticky: number }
  | { kind: "settle"; index: number; outcome: Outcome; latencyMs: number }
  | { kind: "report"; index: number; outcome: Outcome }
  | { kind: "die"; worker: number }
  | { kind: "wait"; ms: number }
  | { kind: "health"; host: number; isUp: boolean }
  | { kind: "reload"; hosts: number; limit: number };

const worker = fc.nat(WORKERS - 1);
const outcome = fc.constantFrom(...OUTCOMES);
const index = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant("pick" as const),
      worker,
      hash: fc.nat(),
      tried: fc.nat(7),
      sticky: fc.integer({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      index,
      outcome,
      latencyMs: fc.nat(50),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("report" as const), index, outcome }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), worker }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(150) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("health" as const),
      host: fc.nat(2),
      isUp: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("reload" as const),
      hosts: fc.nat(7),
      limit: fc.nat(3),
    }),
  },
);

/** A pick as the test remembers it. */
interface Open extends Picked {
  isProbe: boolean;
  isReported: boolean;
  /** The breaker's transitions before it. */
  episode: number;
}

/** A breaker as its description has it, for one thread and without a thought of memory. */
class ReferenceBreaker {
  state: BreakerState = "closed";
  episode = 0;
  #failures = 0;
  #successes = 0;
  #openedAt = 0;

  /** A request was picked, or refused: an open one has let it try if its time was over. */
  looked(found: BreakerState, now: number): void {
    if (this.state !== "open" || found !== "half-open") return;
    expect(now - this.#openedAt).toBeGreaterThanOrEqual(breaker.timeoutMs);
    this.#become("half-open");
  }

  ended(outcome: Outcome, episode: number, now: number): void {
    if (episode !== this.episode || outcome === "aborted") return;
    if (failsBreaker(outcome)) {
      if (this.state === "closed" && ++this.#failures < breaker.failureThreshold) return;
      this.#openedAt = now;
      this.#become("open");
    } else {
      this.#failures = 0;
      if (this.state !== "half-open" || ++this.#successes < breaker.successThreshold) return;
      this.#become("closed");
    }
  }

  #become(state: BreakerState): void {
    this.state = state;
    this.episode++;
    this.#failures = this.#successes = 0;
  }
}

/** What must hold whatever has happened. */
class Checked {
  readonly fleet: Fleet;
  /** Limit of each host; 0 is none. */
  limit = 0;
  open: Open[] = [];
  readonly breakers = new Map(HOSTS.map((host) => [`${host}`, new ReferenceBreaker()]));
  /** How many probes there were, so that a schedule that makes none is no proof. */
  probes = 0;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  run(step: Step): void {
    const { fleet } = this;
    switch (step.kind) {
      case "pick":
        this.#pick(step);
        break;
      case "settle": {
        const [picked] = this.open.splice(step.index % Math.max(this.open.length, 1), 1);
        if (picked === undefined) break;
        fleet.settle(picked, step.outcome, step.latencyMs);
        this.#ended(picked, step.outcome);
        break;
      }
      case "report": {
        const picked = this.open[step.index % Math.max(this.open.length, 1)];
        if (picked === undefined || picked.isReported) break;
        picked.ticket = picked.backend.report(step.outcome, 1, picked.ticket);
        this.#ended(picked, step.outcome);
        picked.isReported = true;
        break;
      }
      case "die":
        fleet.die(step.worker);
        this.open = this.open.filter((picked) => picked.worker !== step.worker);
        break;
      case "wait":
        fleet.now += step.ms;
        break;
      case "health":
        fleet.main.setHealth(
          fleet.main.acquire(`pool\nhttp://${HOSTS[step.host]}:80\n`),
          step.isUp,
        );
        break;
      case "reload":
        this.limit = step.limit;
        fleet.reload({ backends: this.#members(step.hosts) });
    }
    this.#check();
  }

  #pick({ worker, hash, tried, sticky }: Step & { kind: "pick" }): void {
    const { fleet } = this;
    const { backends } = fleet.pools[worker]!;
    const before = backends.map((backend) => backend.inFlight);
    const picked = fleet.pick(
      { hash, sticky, tried: backends.filter((_, at) => (tried & (1 << at)) !== 0) },
      worker,
    );
    for (const backend of backends) {
      this.#reference(backend).looked(backend.breakerState, fleet.now);
    }
    if (picked === undefined) {
      // What was tried on the way is given back.
      expect(backends.map((backend) => backend.inFlight)).toEqual(before);
      return;
    }
    const { backend } = picked;
    expect(backend.isRemoved).toBe(false);
    expect(backend.slot.isDraining).toBe(false);
    expect(backend.breakerState).not.toBe("open");
    const { state, episode } = this.#reference(backend);
    const isProbe = state === "half-open";
    if (isProbe) this.probes++;
    this.open.push({ ...picked, isProbe, isReported: false, episode });
  }

  #ended({ backend, isReported, episode }: Open, outcome: Outcome): void {
    if (!isReported) this.#reference(backend).ended(outcome, episode, this.fleet.now);
  }

  #reference(backend: Backend): ReferenceBreaker {
    return this.breakers.get(backend.address.host)!;
  }

  #members(hosts: number): { host: string; connectionsMax: number }[] {
    return HOSTS.filter((_, at) => (hosts & (1 << at)) !== 0).map((host) => ({
      host,
      connectionsMax: this.limit,
    }));
  }

  #check(): void {
    const { fleet } = this;
    const bySlot = new Map<number, Open[]>();
    for (const picked of this.open) {
      const { slot } = picked.backend.slot;
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), picked]);
    }
    const pool = fleet.pools[0]!;
    for (const backend of pool.backends) {
      const mine = bySlot.get(backend.slot.slot) ?? [];
      expect(backend.inFlight).toBe(mine.length);
      expect(backend.breakerState).toBe(this.#reference(backend).state);
      const probes = mine.filter((picked) => picked.isProbe && !picked.isReported).length;
      expect(backend.breaker.placesTaken).toBe(probes);
      expect(probes).toBeLessThanOrEqual(breaker.halfOpenRequestsMax);
    }
    const ejected = pool.backends.filter(({ ejection }) => ejection.isOut).length;
    // A reload may leave fewer backends than there were when they were ejected.
    if (pool.backends.length === HOSTS.length) expect(ejected).toBeLessThanOrEqual(2);
  }

  /** Everything ends; then nothing is left of it. */
  end(): void {
    for (const picked of this.open.splice(0)) this.fleet.settle(picked, "aborted");
    this.#check();
    this.fleet.reload({ backends: [] });
    for (const pool of this.fleet.pools) pool.close();
    for (const host of HOSTS) {
      const slot = this.fleet.main.acquire(`pool\nhttp://${host}:80\n`);
      expect(this.fleet.main.inFlight(slot)).toBe(0);
    }
  }
}

describe.each(ALGORITHMS)("%s", (algorithm) => {
  test("any schedule keeps what is promised of breakers, ejections and counts", PATIENT, () => {
    let probes = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), (steps) => {
        const fleet = new Fleet({
          workers: WORKERS,
          backends: [...HOSTS],
          policy: { algorithm, breaker, passive, boundedLoadPercent: 125, slowStartMs: 200 },
        });
        const checked = new Checked(fleet);
        for (const one of steps) checked.run(one);
        checked.end();
        probes += checked.probes;
      }),
      { seed, numRuns: 100 * effort },
    );
    expect(probes).toBeGreaterThan(0);
  });
});

test("under any schedule a limit holds, and no free place is withheld", PATIENT, () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 300 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, max) => {
        const fleet = new Fleet({
          workers: WORKERS,
          backends: HOSTS.map((host) => ({ host, connectionsMax: max })),
          policy: { breaker: undefined },
        });
        const open: Picked[] = [];
        for (const one of steps) {
          if (one.kind === "pick") {
            const picked = fleet.pick({ hash: one.hash }, one.worker);
            expect(picked === undefined).toBe(open.length === max * HOSTS.length);
            expect(fleet.pools[one.worker]!.isFull).toBe(picked === undefined);
            if (picked !== undefined) open.push(picked);
          } else if (one.kind === "settle" && open.length > 0) {
            fleet.settle(open.splice(one.index % open.length, 1)[0]!, one.outcome);
          }
          for (const host of HOSTS) expect(fleet.backend(host).inFlight).toBeLessThanOrEqual(max);
        }
      },
    ),
    { seed, numRuns: 100 * effort },
  );
});
