/**
 * Probed backend: one backend, or one endpoint of a backend with a name, and what probes find of it. The
 * finding lies in shared memory, where the workers read it.
 */
import type { Endpoint } from "../pool/endpoints.ts";
import type { PoolEvent } from "../pool/pool-events.ts";
import type { PoolState } from "../pool/state/pool-state.ts";
import type { CheckedBackend } from "./checked-backends.ts";
import type { Probe, ProbeFollower } from "./probe.ts";
import { type ProbeTarget, probeTarget, targetKey } from "./probe-target.ts";

/** What probed backends need of the checker. */
export interface ProbedBackendContext {
  readonly state: PoolState;
  tell(event: PoolEvent): void;
  /** A probe has found it ill, whether that makes it down or not. */
  probeFailed(backendId: string): void;
  /** The probe of a target, begun with this finding where there is none yet. */
  probe(key: string, target: ProbeTarget, isUp: boolean): Probe;
  /** The probe has lost a follower. */
  left(key: string, probe: Probe): void;
}

export class ProbedBackend implements ProbeFollower {
  /** By which people know it. */
  readonly id: string;
  readonly #context: ProbedBackendContext;
  readonly #slot: number;
  #probe: Probe | undefined;
  #key = "";
  #breakerMs = 0;
  /** What was said of it last. */
  #told: "up" | "down" | "";

  /**
   * @param identity by which all threads find its slot
   * @param id by which people know it
   * @param initiallyUp what it is where no probe has spoken of it yet
   */
  constructor(context: ProbedBackendContext, identity: string, id: string, initiallyUp: boolean) {
    const { state } = context;
    this.#context = context;
    this.id = id;
    this.#slot = state.acquire(identity);
    if (state.isNew(this.#slot)) state.setHealth(this.#slot, initiallyUp);
    this.#told = state.isUp(this.#slot) ? "up" : "";
  }

  /** Is probed as the policy says from now on; what is known of it stays. */
  follow({ address, health, breakerMs }: CheckedBackend, endpoint: Endpoint | undefined): void {
    this.#breakerMs = breakerMs;
    const target = probeTarget(address, endpoint, health);
    const key = targetKey(target);
    if (key === this.#key) return;
    this.#leave();
    const { state } = this.#context;
    const isUp = state.isUp(this.#slot);
    const probe = this.#context.probe(key, target, isUp);
    this.#key = key;
    this.#probe = probe;
    probe.followers.add(this);
    // A probe that others follow already knows better.
    if (probe.isUp !== isUp) state.setHealth(this.#slot, probe.isUp);
  }

  onHealth(isUp: boolean, run: number, reason: string): void {
    const { state } = this.#context;
    const backendId = this.id;
    state.setHealth(this.#slot, isUp);
    const now = isUp ? "up" : "down";
    if (this.#told !== now) {
      this.#told = now;
      if (isUp) this.#context.tell({ kind: "up", backendId, successes: run });
      else this.#context.tell({ kind: "down", backendId, reason, failures: run });
    }
    if (!isUp || !state.probeBreaker(this.#slot)) return;
    this.#context.tell({ kind: "breaker-half-open", backendId, timeoutMs: this.#breakerMs });
  }

  onFailure(): void {
    this.#context.probeFailed(this.id);
  }

  onRecovery(): void {
    const isReturned = this.#context.state.endEjection(this.#slot);
    if (isReturned) this.#context.tell({ kind: "returned", backendId: this.id });
  }

  close(): void {
    this.#leave();
    this.#context.state.release(this.#slot);
  }

  #leave(): void {
    const probe = this.#probe;
    if (probe === undefined) return;
    this.#probe = undefined;
    probe.followers.delete(this);
    this.#context.left(this.#key, probe);
  }
}
