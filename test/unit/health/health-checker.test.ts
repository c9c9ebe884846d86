/** The health checker: what is probed of an artifact, and what stays over reloads. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { HealthPolicy } from "../../../artifact/model.ts";
import { openArtifact, type View } from "../../../artifact/view.ts";
import { HealthChecker } from "../../../dataplane/health/health-checker.ts";
import type { ProbeTarget } from "../../../dataplane/health/probe-target.ts";
import type { Endpoint } from "../../../dataplane/pool/endpoints.ts";
import { NameDirectory } from "../../../dataplane/pool/name-directory.ts";
import { identityOf } from "../../../dataplane/pool/state/identity.ts";
import { PoolState } from "../../../dataplane/pool/state/pool-state.ts";
import { HEALTH_POLICY } from "../../fixtures/health-policy.ts";
import { type RouteOptions, serving } from "../../harness/artifact.ts";
import { memoryLog } from "../../harness/memory-log.ts";

/** A checker whose probes and names answer as a test says. */
class Trial {
  readonly state: PoolState = PoolState.create(1);
  /** Targets as `address:port`, in the order in which they were asked. */
  readonly asked: string[] = [];
  /** Those that are ill. */
  readonly ill: Set<string> = new Set();
  /** Addresses by name. */
  readonly names: Map<string, string[]> = new Map();
  readonly #memory = memoryLog();
  readonly checker: HealthChecker;

  constructor() {
    const resolve = (host: string): Promise<Endpoint[]> => {
      const addresses = this.names.get(host);
      if (addresses === undefined) return Promise.reject(new Error("ENOTFOUND"));
      const plain = { port: 0, weight: 1, priority: 0, target: "" };
      return Promise.resolve(addresses.map((address) => ({ ...plain, address })));
    };
    const { log } = this.#memory;
    const directory = new NameDirectory({ resolve }, log);
    this.checker = new HealthChecker(this.state, directory, log, (target) => this.#ask(target));
  }

  serve(...routes: RouteOptions[]): void {
    this.checker.serve(viewOf(routes), new Map());
  }

  isUp(pool: string, url: string, endpoint = ""): boolean {
    const slot = this.state.acquire(identityOf(pool, url, endpoint));
    const isUp = this.state.isUp(slot);
    this.state.release(slot);
    return isUp;
  }

  /** What the log says of backends. */
  get said(): string[] {
    return this.#memory.lines
      .filter(({ module }) => module === "pool")
      .map((line) => `${line.message}: ${String(line["backend_id"])}`);
  }

  #ask({ address, port }: ProbeTarget): Promise<string> {
    this.asked.push(`${address}:${port}`);
    return Promise.resolve(this.ill.has(`${address}:${port}`) ? "status 500" : "");
  }
}

function viewOf(routes: readonly RouteOptions[]): View {
  const bytes = serving(routes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return openArtifact(shared);
}

const A = "http://10.0.0.1:80";
const B = "http://10.0.0.2:80";

const probed = (
  to: string[],
  health: Partial<HealthPolicy> = {},
  name = "users",
): RouteOptions => ({
  name,
  domains: [name],
  to,
  policy: {
    dns: { refreshMs: 10_000, family: "auto" },
    health: {
      ...HEALTH_POLICY,
      jitterMs: 0,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
      ...health,
    },
  },
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("each backend is probed once an interval, and only those of pools with a health check", async () => {
  const trial = new Trial();
  trial.serve(probed([A, B]), { name: "other", to: ["http://10.0.0.9:80"] });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trial.asked.toSorted()).toEqual(["10.0.0.1:80", "10.0.0.2:80"]);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(trial.asked).toHaveLength(20);
});

test("a backend goes down and comes back by its thresholds, and each is said once", async () => {
  const trial = new Trial();
  trial.serve(probed([A, B]));
  trial.ill.add("10.0.0.1:80");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(trial.isUp("users", A)).toBe(true);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(trial.isUp("users", A)).toBe(false);
  expect(trial.isUp("users", B)).toBe(true);
  expect(trial.said).toEqual([`Backend down: users-${A}`]);
  trial.ill.clear();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(trial.isUp("users", A)).toBe(true);
  expect(trial.said).toEqual([`Backend down: users-${A}`, `Backend up: users-${A}`]);
});

test("first probes are spread over the interval, for 200 backends as for one", async () => {
  const trial = new Trial();
  const urls = Array.from({ length: 200 }, (_, index) => `http://10.0.1.${index}:80`);
  trial.serve(probed(urls, { intervalMs: 10_000 }));
  for (let second = 1; second <= 10; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    // Twenty a second, but for the edges.
    expect(Math.abs(trial.asked.length - second * 20)).toBeLessThanOrEqual(2);
  }
  expect(new Set(trial.asked).size).toBe(200);
});

test("backends with the same address and policy share a probe, and all hear of what it finds", async () => {
  const trial = new Trial();
  trial.serve(probed([A]), probed([A], {}, "orders"), probed([A], { path: "/other" }, "third"));
  expect(trial.checker.size).toBe(2);
  trial.ill.add("10.0.0.1:80");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(["users", "orders", "third"].map((pool) => trial.isUp(pool, A))).toEqual([
    false,
    false,
    false,
  ]);
  expect(trial.said.toSorted()).toEqual([
    `Backend down: orders-${A}`,
    `Backend down: third-${A}`,
    `Backend down: users-${A}`,
  ]);
  // One more that begins to follow is what the probe knows already.
  trial.serve(probed([A]), probed([A], {}, "late"));
  expect(trial.isUp("late", A)).toBe(false);
});

test("over a reload health stays, counts go on and nothing is said", async () => {
  const trial = new Trial();
  trial.serve(probed([A, B]));
  trial.ill.add("10.0.0.1:80");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(trial.isUp("users", A)).toBe(false);
  const said = trial.said.length;
  trial.ill.add("10.0.0.2:80");
  // Two of the three failures before the reload, the third behind it.
  await vi.advanceTimersByTimeAsync(2_000);
  trial.serve(probed([A, B]), probed([A], {}, "another"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trial.isUp("users", B)).toBe(false);
  expect(trial.isUp("users", A)).toBe(false);
  expect(trial.said.length - said).toBe(1);
});

test("a changed policy is probed by from then on, and what is known stays", async () => {
  const trial = new Trial();
  trial.serve(probed([A]));
  trial.ill.add("10.0.0.1:80");
  await vi.advanceTimersByTimeAsync(4_000);
  trial.serve(probed([A], { intervalMs: 500, initiallyUp: true }));
  expect(trial.isUp("users", A)).toBe(false);
  trial.asked.length = 0;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(trial.asked).toHaveLength(10);
  expect(trial.isUp("users", A)).toBe(false);
  trial.ill.clear();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trial.isUp("users", A)).toBe(true);
});

test("backends that have gone are not probed any more", async () => {
  const trial = new Trial();
  trial.serve(probed([A, B]));
  await vi.advanceTimersByTimeAsync(2_000);
  trial.serve(probed([B]));
  expect(trial.checker.size).toBe(1);
  trial.asked.length = 0;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(new Set(trial.asked)).toEqual(new Set(["10.0.0.2:80"]));
  trial.serve({ name: "users", to: [B] });
  expect(trial.checker.size).toBe(0);
});

test("what is initially down is so at once, until its probes have said otherwise", async () => {
  const trial = new Trial();
  trial.serve(probed([A, B], { initiallyUp: false }));
  trial.ill.add("10.0.0.2:80");
  expect([trial.isUp("users", A), trial.isUp("users", B)]).toEqual([false, false]);
  await vi.advanceTimersByTimeAsync(4_000);
  expect([trial.isUp("users", A), trial.isUp("users", B)]).toEqual([true, false]);
  expect(trial.said.toSorted()).toEqual([`Backend down: users-${B}`, `Backend up: users-${A}`]);
});

test("a backend that was served without probes stays up when they begin, a new one does not", async () => {
  const trial = new Trial();
  trial.serve({ name: "users", to: [A] });
  trial.serve(probed([A, B], { initiallyUp: false }));
  expect([trial.isUp("users", A), trial.isUp("users", B)]).toEqual([true, false]);
});

test("each address of a name is probed; those that stay keep what is known of them", async () => {
  const trial = new Trial();
  const url = "http://users.test:8080";
  trial.names.set("users.test", ["10.0.0.1", "10.0.0.2"]);
  trial.serve(probed([url]));
  await vi.advanceTimersByTimeAsync(1);
  expect(trial.checker.size).toBe(2);
  trial.ill.add("10.0.0.1:8080");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(trial.isUp("users", url, "10.0.0.1")).toBe(false);
  expect(trial.isUp("users", url, "10.0.0.2")).toBe(true);
  expect(trial.said).toEqual([`Backend down: users-${url} (10.0.0.1)`]);
  trial.names.set("users.test", ["10.0.0.1", "10.0.0.3"]);
  await vi.advanceTimersByTimeAsync(5_000);
  trial.asked.length = 0;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(new Set(trial.asked)).toEqual(new Set(["10.0.0.1:8080", "10.0.0.3:8080"]));
  expect(trial.isUp("users", url, "10.0.0.1")).toBe(false);
  expect(trial.said).toHaveLength(1);
});

test("a name that is initially down is so before it leads anywhere, and so is each new address", async () => {
  const trial = new Trial();
  const url = "http://users.test:8080";
  trial.serve(probed([url], { initiallyUp: false }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(trial.isUp("users", url)).toBe(false);
  trial.names.set("users.test", ["10.0.0.1"]);
  trial.ill.add("10.0.0.1:8080");
  await vi.advanceTimersByTimeAsync(11_000);
  expect(trial.isUp("users", url, "10.0.0.1")).toBe(false);
  trial.ill.clear();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(trial.isUp("users", url, "10.0.0.1")).toBe(true);
});
