/**
 * Roster: which backends of a pool may be used now, in the order in which groups of them are asked. It
 * holds until something changes in shared memory or a time comes that was known when it was made.
 */
import type { PoolPolicy } from "../../artifact/model.ts";
import type { Backend } from "./backend.ts";
import { RAMP_FULL, Tier } from "./balance/tier.ts";

/** The backends of one priority that are not being drained. */
interface Group {
  members: Backend[];
  healthy: Backend[];
}

export class Roster {
  /** Groups with healthy backends first; behind them, where health is ignored in panic, those without. */
  readonly tiers: Tier[] = [];
  /** When it has to be made anew, whatever happens. */
  dueAt = Infinity;
  readonly #spare: Tier[] = [];
  /** Told of a backend whose ejection was found to be over. */
  readonly #onReturn: (backend: Backend) => void;

  constructor(onReturn: (backend: Backend) => void) {
    this.#onReturn = onReturn;
  }

  make(backends: readonly Backend[], policy: PoolPolicy, now: number): void {
    this.#spare.push(...this.tiers.splice(0));
    this.dueAt = Infinity;
    const groups = this.#groups(backends, policy, now);
    for (const { members, healthy } of groups) {
      if (healthy.length === 0) continue;
      const isPanic = healthy.length * 100 < policy.panicPercent * members.length;
      this.#addTier(isPanic ? members : healthy, backends.length, policy, now);
    }
    if (policy.panicPercent === 0) return;
    for (const { members, healthy } of groups) {
      if (healthy.length === 0) this.#addTier(members, backends.length, policy, now);
    }
  }

  #groups(backends: readonly Backend[], policy: PoolPolicy, now: number): Group[] {
    const groups = new Map<number, Group>();
    for (const backend of backends) {
      if (backend.isDraining) continue;
      let group = groups.get(backend.priority);
      if (group === undefined) {
        group = { members: [], healthy: [] };
        groups.set(backend.priority, group);
      }
      group.members.push(backend);
      if (this.#isHealthy(backend, policy, now)) group.healthy.push(backend);
    }
    return [...groups].toSorted(([a], [b]) => a - b).map(([, group]) => group);
  }

  #isHealthy(backend: Backend, policy: PoolPolicy, now: number): boolean {
    if (policy.health !== undefined && !backend.slot.isUp) return false;
    if (policy.passive === undefined || !backend.ejection.isOut) return true;
    const remainsMs = backend.ejection.remainsMs(now);
    if (remainsMs === 0) {
      if (backend.ejection.end(now)) this.#onReturn(backend);
      return true;
    }
    this.#due(now + remainsMs);
    return false;
  }

  #addTier(members: readonly Backend[], count: number, policy: PoolPolicy, now: number): void {
    const tier = this.#spare.pop() ?? new Tier();
    tier.clear(count);
    for (const backend of members) {
      if (policy.breaker !== undefined) {
        const refusesForMs = backend.breaker.refusesForMs(policy.breaker, now);
        if (refusesForMs > 0) {
          this.#due(now + refusesForMs);
          continue;
        }
      }
      const isClosed = policy.breaker === undefined || backend.breaker.isClosed;
      const ramp = this.#ramp(backend, policy.slowStartMs, now);
      tier.add(backend, ramp, isClosed && backend.connectionsMax === 0);
    }
    tier.reduce();
    if (tier.members.length > 0) this.tiers.push(tier);
    else this.#spare.push(tier);
  }

  /** How much of its share a backend has that is new or has come back. */
  #ramp({ slot }: Backend, slowStartMs: number, now: number): number {
    const { upSince } = slot;
    if (slowStartMs === 0 || upSince === 0) return RAMP_FULL;
    const elapsed = Math.max(0, now - upSince);
    if (elapsed >= slowStartMs) return RAMP_FULL;
    const ramp = Math.min(RAMP_FULL - 1, Math.floor((elapsed / slowStartMs) * RAMP_FULL) + 1);
    this.#due(upSince + (slowStartMs * ramp) / RAMP_FULL);
    return ramp;
  }

  #due(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }
}
