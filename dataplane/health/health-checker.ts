/**
 * Health checker: the probes of the artifact that is being served, once for the whole process, in the
 * main thread. Over a reload probes go on for the backends that stay.
 */
import type { View } from "../../artifact/view.ts";
import type { Log } from "../log.ts";
import {
  endpointKey,
  type Endpoint,
  hostKind,
  type Names,
  type NameWatch,
} from "../pool/endpoints.ts";
import { logPoolEvent, type PoolEvent } from "../pool/pool-events.ts";
import { backendIdentities } from "../pool/named-identities.ts";
import { backendId, identityOf } from "../pool/state/identity.ts";
import type { PoolState } from "../pool/state/pool-state.ts";
import { Turnstile } from "../turnstile.ts";
import { type CheckedBackend, checkedBackends } from "./checked-backends.ts";
import { probeHttp } from "./http-probe.ts";
import { Probe, type ProbeContext } from "./probe.ts";
import { verdictOf } from "./probe-connection.ts";
import { ProbedBackend, type ProbedBackendContext } from "./probed-backend.ts";
import type { ProbeTarget } from "./probe-target.ts";
import type { References } from "../references.ts";
import { probeTcp } from "./tcp-probe.ts";

/** Probes under way at a time. */
const PROBES_MAX = 64;
/** Between two log lines that say that probes are late. */
const LATE_TELL_MS = 60_000;

export class HealthChecker implements ProbedBackendContext {
  /** Told of what has become of a backend, once the log has been. */
  onEvent: (event: PoolEvent) => void = () => {};
  /** Told of each probe that finds a backend ill. */
  onProbeFailed: (backendId: string) => void = () => {};
  readonly state: PoolState;
  readonly #names: Names;
  readonly #log: Log;
  readonly #context: ProbeContext;
  readonly #backends = new Map<string, WrittenBackend>();
  readonly #probes = new Map<string, Probe>();
  /** Probes that have not begun, with their intervals. */
  #fresh: { probe: Probe; intervalMs: number }[] = [];
  #lateToldAt = -Infinity;
  #served: { view: View; references: References } | undefined;

  /** @param ask as `ProbeContext.ask` */
  constructor(state: PoolState, names: Names, log: Log, ask: ProbeContext["ask"] = askTarget) {
    this.state = state;
    this.#names = names;
    this.#log = log;
    const turnstile = new Turnstile(PROBES_MAX);
    this.#context = { ask, turnstile, onLate: (waitedMs) => this.#tellLate(waitedMs) };
  }

  /** By which people know the backends that are probed. */
  *ids(): Generator<string> {
    for (const backend of this.#backends.values()) yield* backend.ids();
  }

  /** How many targets are probed. */
  get size(): number {
    return this.#probes.size;
  }

  /**
   * Probes what an artifact says from now on. To be called before workers serve it, so that a backend
   * that is down at first is so from its first request on.
   *
   * @param references as they were looked up when the artifact was loaded
   */
  serve(view: View, references: References): void {
    const gone = new Map(this.#backends);
    const before = this.#served;
    this.#served = { view, references };
    let served: Set<string> | undefined;
    for (const checked of checkedBackends(view, references)) {
      const key = identityOf(checked.poolKey, checked.url);
      gone.delete(key);
      const known = this.#backends.get(key);
      if (known !== undefined) {
        known.follow(checked);
        continue;
      }
      if (before !== undefined)
        served ??= new Set(backendIdentities(before.view, before.references));
      // What has served without probes until now does not stop when they begin.
      const isServing = served?.has(key) === true;
      this.#backends.set(key, new WrittenBackend(checked, isServing, this, this.#names));
    }
    for (const [key, backend] of gone) {
      backend.close();
      this.#backends.delete(key);
    }
    this.startFresh();
  }

  tell(event: PoolEvent): void {
    logPoolEvent(this.#log, event);
    this.onEvent(event);
  }

  probeFailed(backendId: string): void {
    this.onProbeFailed(backendId);
  }

  probe(key: string, target: ProbeTarget, isUp: boolean): Probe {
    let probe = this.#probes.get(key);
    if (probe === undefined) {
      probe = new Probe(target, isUp, this.#context);
      this.#probes.set(key, probe);
      this.#fresh.push({ probe, intervalMs: target.policy.intervalMs });
    }
    return probe;
  }

  left(key: string, probe: Probe): void {
    if (probe.followers.size > 0) return;
    probe.stop();
    this.#probes.delete(key);
  }

  /** Begins new probes, spread over their interval: together they would come as a storm for ever. */
  startFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const [index, { probe, intervalMs }] of fresh.entries()) {
      probe.start((intervalMs * (index + Math.random())) / fresh.length);
    }
  }

  #tellLate(waitedMs: number): void {
    const now = performance.now();
    if (now - this.#lateToldAt < LATE_TELL_MS) return;
    this.#lateToldAt = now;
    this.#log.write("warn", "pool", "Probes are late: there are more than can be made", {
      late_ms: Math.round(waitedMs),
      targets: this.#probes.size,
      at_a_time: PROBES_MAX,
    });
  }
}

/** A backend as the configuration has it, and what is probed of it. */
class WrittenBackend {
  readonly #checker: HealthChecker;
  readonly #names: Names;
  #checked: CheckedBackend;
  #isServing: boolean;
  #watch: NameWatch | undefined;
  /** By the key of the endpoint; "" is the backend itself, or the name that has no endpoint yet. */
  readonly #probed = new Map<string, ProbedBackend>();

  /** @param isServing it was in use before there were probes */
  constructor(checked: CheckedBackend, isServing: boolean, checker: HealthChecker, names: Names) {
    this.#checked = checked;
    this.#isServing = isServing;
    this.#checker = checker;
    this.#names = names;
    this.#follow(undefined);
    // Endpoints that come later are new.
    this.#isServing = false;
  }

  /** The next generation's word. */
  follow(checked: CheckedBackend): void {
    const before = this.#checked;
    this.#checked = checked;
    this.#follow(before);
  }

  *ids(): Generator<string> {
    for (const { id } of this.#probed.values()) yield id;
  }

  close(): void {
    this.#watch?.close();
    for (const probed of this.#probed.values()) probed.close();
    this.#probed.clear();
  }

  #follow(before: CheckedBackend | undefined): void {
    const { address, dns } = this.#checked;
    if (hostKind(address.host) === "fixed") {
      this.#probe("", undefined);
      return;
    }
    const isSame = dns.family === before?.dns.family && dns.refreshMs === before.dns.refreshMs;
    if (!isSame) {
      const watch = this.#watch;
      this.#watch = this.#names.watch(address.host, dns, () => {
        this.#expand();
        this.#checker.startFresh();
      });
      watch?.close();
    }
    this.#expand();
  }

  /** What the name leads to now is probed, and nothing else. */
  #expand(): void {
    const { endpoints } = this.#watch!;
    const gone = new Map(this.#probed);
    for (const endpoint of endpoints) {
      gone.delete(endpointKey(endpoint));
      this.#probe(endpointKey(endpoint), endpoint);
    }
    if (endpoints.length === 0) {
      // Nothing to probe yet, but it may have to be down all the same.
      gone.delete("");
      this.#known("");
    }
    for (const [key, probed] of gone) {
      probed.close();
      this.#probed.delete(key);
    }
  }

  #probe(key: string, endpoint: Endpoint | undefined): void {
    this.#known(key).follow(this.#checked, endpoint);
  }

  #known(key: string): ProbedBackend {
    let probed = this.#probed.get(key);
    if (probed === undefined) {
      const { poolKey, url, label, health } = this.#checked;
      const id = backendId(label, url, key);
      const initiallyUp = health.initiallyUp || this.#isServing;
      probed = new ProbedBackend(this.#checker, identityOf(poolKey, url, key), id, initiallyUp);
      this.#probed.set(key, probed);
    }
    return probed;
  }
}

async function askTarget(target: ProbeTarget): Promise<string | undefined> {
  try {
    return await (target.policy.type === "tcp" ? probeTcp(target) : probeHttp(target));
  } catch (error) {
    return verdictOf(error);
  }
}
