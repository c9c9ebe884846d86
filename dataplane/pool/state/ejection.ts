/**
 * Ejection: the passive check of one backend. Its own traffic takes it out for a while, longer each time.
 *
 * One word counts its ejections and returns: one thread ejects and one brings it back, and they tell of it.
 */
import type { PassivePolicy } from "../../../artifact/model.ts";
import type { BackendSlot } from "./backend-slot.ts";
import { EJECTED, EJECTIONS, FAILURES } from "./layout.ts";
import { countInWindow, windowCount } from "./window.ts";

export type EjectionReason = "consecutive failures" | "failure rate";

export class Ejection {
  readonly #slot: BackendSlot;

  constructor(slot: BackendSlot) {
    this.#slot = slot;
  }

  /** It is out, or its time is over and nobody has noticed yet. */
  get isOut(): boolean {
    return isOdd(this.#slot.cells[this.#slot.at + EJECTED]!);
  }

  /** Ejections in a row. */
  get total(): number {
    return this.#slot.cells[this.#slot.at + EJECTIONS]!;
  }

  /** Failures in a row, since it is in. */
  get failures(): number {
    return this.#slot.cells[this.#slot.at + FAILURES]!;
  }

  /** How long it is still out; 0 where it is not. Milliseconds. */
  remainsMs(now: number): number {
    return this.isOut ? Math.max(0, this.#slot.ejectedUntil - now) : 0;
  }

  /**
   * Counts an outcome.
   *
   * @returns why the backend is to be ejected; undefined where it is not
   */
  observe(policy: PassivePolicy, isFailure: boolean): EjectionReason | undefined {
    // What was under way when it was ejected, and what panic sends there, says nothing new.
    if (this.isOut) return undefined;
    const cells = this.#slot.cells;
    const failures = this.#slot.at + FAILURES;
    if (policy.failureRatePercent > 0) {
      countInWindow(this.#slot, policy.windowMs, this.#slot.memory.now(), isFailure);
    }
    if (!isFailure) {
      if (cells[failures] !== 0) Atomics.store(cells, failures, 0);
      return undefined;
    }
    const inARow = Atomics.add(cells, failures, 1) + 1;
    if (policy.consecutiveFailures > 0 && inARow >= policy.consecutiveFailures) {
      return "consecutive failures";
    }
    return this.#fails(policy) ? "failure rate" : undefined;
  }

  /** @returns for how long; 0 where another thread was faster. Milliseconds. */
  eject(policy: PassivePolicy, now: number): number {
    const { at, ejectedAt } = this.#slot;
    const times = this.total;
    // One that has been well for long enough begins anew.
    const wasLong = now - ejectedAt - durationOf(policy, times) > policy.ejectionMaxMs;
    const total = times === 0 || wasLong ? 1 : times + 1;
    const forMs = durationOf(policy, total);
    const word = Atomics.load(this.#slot.cells, this.#slot.at + EJECTED);
    if (isOdd(word)) return 0;
    // Before the word: nobody must find it out with the time of the last ejection.
    this.#slot.setEjected(now, now + forMs);
    if (Atomics.compareExchange(this.#slot.cells, this.#slot.at + EJECTED, word, word + 1) !== word)
      return 0;
    Atomics.store(this.#slot.cells, at + EJECTIONS, total);
    Atomics.store(this.#slot.cells, at + FAILURES, 0);
    return forMs;
  }

  /** Takes an ejection back that should not have been. */
  revert(): void {
    Atomics.add(this.#slot.cells, this.#slot.at + EJECTED, 1);
    Atomics.sub(this.#slot.cells, this.#slot.at + EJECTIONS, 1);
  }

  /** @returns true for the one thread that brings it back */
  end(now: number): boolean {
    const word = Atomics.load(this.#slot.cells, this.#slot.at + EJECTED);
    if (!isOdd(word)) return false;
    if (Atomics.compareExchange(this.#slot.cells, this.#slot.at + EJECTED, word, word + 1) !== word)
      return false;
    Atomics.store(this.#slot.cells, this.#slot.at + FAILURES, 0);
    this.#slot.upSince = now;
    return true;
  }

  /** The failure rate is over the policy's. */
  #fails({ failureRatePercent, requestsMin, windowMs }: PassivePolicy): boolean {
    if (failureRatePercent === 0) return false;
    const { ejectedAt, memory } = this.#slot;
    const { requests, failures } = windowCount(this.#slot, windowMs, memory.now(), ejectedAt);
    return requests >= requestsMin && failures * 100 >= requests * failureRatePercent;
  }
}

function durationOf({ ejectionMs, ejectionMaxMs }: PassivePolicy, times: number): number {
  return Math.min(ejectionMs * Math.max(times, 1), ejectionMaxMs);
}

function isOdd(word: number): boolean {
  return (word & 1) === 1;
}
