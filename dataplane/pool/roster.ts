/**
 * Roster: which backends of a pool may be used now, in the order in which groups of them are asked. It
 * holds until something changes in shared memory or a time comes that was known when it was made.
 */
import type { PoolPolicy } from "../../artifact/model.ts";
import type { Backend } from "./backend.ts";
import { RAMP_FULL, Tier } from "./balance/tier.ts";

/** Whose roster it is. */
export interface RosterHome {
  /** A backend's ejection was found to be over. */
  returned(backend: Backend): void;
}

/** The backends of one priority that are not being drained. */
interface Group {
  priority: number;
  members: Backend[];
  healthy: Backend[];
}

export class Roster {
  /** Groups with healthy backends first; behind them, where health is ignored in panic, those without. */
  tiers: readonly Tier[] = NONE;
  /** When it has to be made anew, whatever happens; undefined is never. */
  dueAt: number | undefined;
  readonly #home: RosterHome;

  constructor(home: RosterHome) {
    this.#home = home;
  }

  make(backends: Backend[], policy: PoolPolicy, now: number): void {
    const tiers: Tier[] = [];
    this.dueAt = undefined;
    const groups = this.#groups(backends, policy, now);
    for (const { members, healthy } of groups) {
      if (healthy.length === 0) continue;
      const isPanic = healthy.length * 100 < policy.panicPercent * members.length;
      this.#addTier(tiers, isPanic ? members : healthy, backends, policy, now);
    }
    if (policy.panicPercent > 0) {
      for (const { members, healthy } of groups) {
        if (healthy.length === 0) this.#addTier(tiers, members, backends, policy, now);
      }
    }
    // A copy takes no more room than it needs.
    this.tiers = tiers.slice();
  }

  #groups(backends: readonly Backend[], policy: PoolPolicy, now: number): Group[] {
    const groups: Group[] = [];
    for (const backend of backends) {
      if (backend.isDraining) continue;
      const { priority } = backend;
      let group = groups.find((known) => known.priority === priority);
      if (group === undefined) groups.push((group = { priority, members: [], healthy: [] }));
      group.members.push(backend);
      if (this.#isHealthy(backend, policy, now)) group.healthy.push(backend);
    }
    return groups.length < 2 ? groups : groups.sort((a, b) => a.priority - b.priority);
  }

  #isHealthy(backend: Backend, policy: PoolPolicy, now: number): boolean {
    if (policy.health !== undefined && !backend.slot.isUp) return false;
    if (policy.passive === undefined || !backend.ejection.isOut) return true;
    const remainsMs = backend.ejection.remainsMs(now);
    if (remainsMs === 0) {
      if (backend.ejection.end(now)) this.#home.returned(backend);
      return true;
    }
    this.#due(now + remainsMs);
    return false;
  }

  #addTier(
    tiers: Tier[],
    members: readonly Backend[],
    backends: Backend[],
    policy: PoolPolicy,
    now: number,
  ): void {
    draft.clear(backends.length);
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
      draft.add(backend, ramp, isClosed && backend.connectionsMax === 0);
    }
    draft.reduce();
    if (draft.members.length > 0) tiers.push(draft.kept(backends));
    draft.clear(0);
  }

  /** How much of its share a backend has that is new or has come back. */
  #ramp({ slot }: Backend, slowStartMs: number, now: number): number {
    if (slowStartMs === 0) return RAMP_FULL;
    const { upSince } = slot;
    if (upSince === 0) return RAMP_FULL;
    const elapsed = Math.max(0, now - upSince);
    if (elapsed >= slowStartMs) return RAMP_FULL;
    const ramp = Math.min(RAMP_FULL - 1, Math.floor((elapsed / slowStartMs) * RAMP_FULL) + 1);
    this.#due(upSince + (slowStartMs * ramp) / RAMP_FULL);
    return ramp;
  }

  #due(at: number): void {
    this.dueAt = Math.min(this.dueAt ?? at, at);
  }
}

const NONE: readonly Tier[] = [];
/** What a tier is put together in, one at a time. */
const draft = new Tier();
