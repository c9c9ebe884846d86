/**
 * Breaker: the circuit breaker of one backend, exact across all workers.
 *
 * Its state and since when it is in it are one word, which changes by compare-and-exchange: one thread
 * brings a transition about, and tells of it. Because the time in it grows with each transition, the word
 * also names the episode, and is the ticket of the requests that were admitted in it: an outcome counts
 * only in the episode that its request began in. Counts lie in a second word that carries the episode's
 * mark; with another mark it counts zero.
 *
 * While half-open, a request takes one of the places. Each worker counts its own: it counts first and judges
 * then, so there are never too many, and those of a worker that has died can be told and given back.
 */
import type { BreakerPolicy } from "../../../artifact/model.ts";
import type { BackendSlot } from "./backend-slot.ts";
import { BREAKER, COUNT, LINE, OWN, PLACES } from "./layout.ts";
import { wordAfter, wordElapsed, WORD_TIME_MAX, wordTime } from "./word-time.ts";

export const BREAKER_STATES = ["closed", "open", "half-open"] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** What a request was admitted with; to be given back with its outcome. */
export type Ticket = number;
/** Not admitted; or the outcome has been told already. */
export const NO_TICKET: Ticket = -1;
/** Admitted where there is no breaker. */
export const FREE_TICKET: Ticket = 3;

const CLOSED = 0;
const OPEN = 1;
const HALF_OPEN = 2;

// The count's word: 12 bits of the episode's time, 20 bits of count.
const MARK_BITS = 12;
const COUNT_BITS = 20;
const COUNT_MAX = 2 ** COUNT_BITS - 1;

/** Workers that come for one place at the same instant more often than this are refused. */
const ATTEMPTS = 8;

/** A transition that this call has brought about. */
export type Transition = "opened" | "half-open" | "closed" | undefined;

export class Breaker {
  readonly #slot: BackendSlot;
  /** What the last call has brought about. */
  transition: Transition = undefined;

  constructor(slot: BackendSlot) {
    this.#slot = slot;
  }

  get state(): BreakerState {
    return BREAKER_STATES[this.#slot.cells[this.#slot.at + BREAKER]! & 3] ?? "closed";
  }

  /** The word as it is: a ticket where the breaker is closed. */
  get word(): Ticket {
    return this.#slot.cells[this.#slot.at + BREAKER]!;
  }

  get isClosed(): boolean {
    return (this.#slot.cells[this.#slot.at + BREAKER]! & 3) === CLOSED;
  }

  /** Failures in a row; successes while it is half-open. */
  get count(): number {
    const counted = this.#slot.cells[this.#slot.at + COUNT]!;
    return isMarked(counted, this.word) ? counted & COUNT_MAX : 0;
  }

  /** How long it still refuses everything: 0 where it does not. Milliseconds. */
  refusesForMs(policy: BreakerPolicy, now: number): number {
    const word = this.#slot.cells[this.#slot.at + BREAKER]!;
    if ((word & 3) !== OPEN) return 0;
    return Math.max(0, timeoutOf(policy) - wordElapsed(word >>> 2, now));
  }

  /** Half-open places that are taken, by all workers. */
  get placesTaken(): number {
    const { at, memory } = this.#slot;
    let taken = 0;
    for (let worker = 0; worker < memory.workers; worker++) {
      taken += Atomics.load(this.#slot.cells, at + OWN + worker * LINE + PLACES);
    }
    return taken;
  }

  /** A ticket for one request; NO_TICKET where it is refused. */
  admit(policy: BreakerPolicy, now: number): Ticket {
    this.transition = undefined;
    for (;;) {
      const word = Atomics.load(this.#slot.cells, this.#slot.at + BREAKER);
      const state = word & 3;
      if (state === CLOSED) return word;
      if (state === OPEN) {
        if (wordElapsed(word >>> 2, now) < timeoutOf(policy)) return NO_TICKET;
        if (this.#become(word, HALF_OPEN, now)) this.transition = "half-open";
        continue;
      }
      if (!this.#takePlace(policy.halfOpenRequestsMax)) return NO_TICKET;
      if (Atomics.load(this.#slot.cells, this.#slot.at + BREAKER) === word) return word;
      // Another request has just closed it or opened it again.
      this.#leavePlace();
    }
  }

  /** A request with this ticket is over: its place is free again, where it had one. */
  leave(ticket: Ticket): void {
    if (isProbe(ticket)) this.#leavePlace();
  }

  /** A request that was admitted with `ticket` has succeeded. */
  succeeded(policy: BreakerPolicy, ticket: Ticket): void {
    this.transition = undefined;
    const word = this.#slot.cells[this.#slot.at + BREAKER]!;
    if (word !== ticket) return;
    if ((word & 3) === HALF_OPEN) {
      const count = this.#add(word);
      if (count >= policy.successThreshold && this.#become(word, CLOSED, this.#slot.memory.now())) {
        this.transition = "closed";
      }
      return;
    }
    for (;;) {
      const counted = this.#slot.cells[this.#slot.at + COUNT]!;
      if (!isMarked(counted, word) || (counted & COUNT_MAX) === 0) return;
      const zero = counted & ~COUNT_MAX;
      if (
        Atomics.compareExchange(this.#slot.cells, this.#slot.at + COUNT, counted, zero) === counted
      )
        return;
    }
  }

  /** A request that was admitted with `ticket` has failed. */
  failed(policy: BreakerPolicy, ticket: Ticket): void {
    this.transition = undefined;
    const word = Atomics.load(this.#slot.cells, this.#slot.at + BREAKER);
    if (word !== ticket) return;
    const isOver = (word & 3) === HALF_OPEN || this.#add(word) >= policy.failureThreshold;
    if (isOver && this.#become(word, OPEN, this.#slot.memory.now())) this.transition = "opened";
  }

  /** Probes have seen the backend come back: an open breaker need not wait for its time. */
  probeNow(now: number): void {
    this.transition = undefined;
    const word = Atomics.load(this.#slot.cells, this.#slot.at + BREAKER);
    if ((word & 3) === OPEN && this.#become(word, HALF_OPEN, now)) this.transition = "half-open";
  }

  /** A worker has ended: its places are free. */
  forget(worker: number): void {
    const places = this.#slot.at + OWN + worker * LINE + PLACES;
    // A store alone would make the system give memory for slots that nobody has used.
    if (Atomics.load(this.#slot.cells, places) !== 0) Atomics.store(this.#slot.cells, places, 0);
  }

  /** @returns the count with this one; 0 where the episode is over */
  #add(word: number): number {
    for (;;) {
      if (Atomics.load(this.#slot.cells, this.#slot.at + BREAKER) !== word) return 0;
      const counted = Atomics.load(this.#slot.cells, this.#slot.at + COUNT);
      const count = Math.min((isMarked(counted, word) ? counted & COUNT_MAX : 0) + 1, COUNT_MAX);
      const next = (markOf(word) << COUNT_BITS) | count;
      if (
        Atomics.compareExchange(this.#slot.cells, this.#slot.at + COUNT, counted, next) === counted
      )
        return count;
    }
  }

  /** True for the one thread that brings it about. */
  #become(word: number, state: number, now: number): boolean {
    const then = word >>> 2;
    let time = wordElapsed(then, now) > 0 ? wordTime(now) : wordAfter(then);
    // Neither the last episode's count nor one before it may be taken for this one's.
    const counted = Atomics.load(this.#slot.cells, this.#slot.at + COUNT);
    let next = (time << 2) | state;
    while (isMarked(counted, next) || markOf(next) === markOf(word)) {
      time = wordAfter(time);
      next = (time << 2) | state;
    }
    return Atomics.compareExchange(this.#slot.cells, this.#slot.at + BREAKER, word, next) === word;
  }

  /** Two that come for the last place at once look again, and seldom both go without. */
  #takePlace(max: number): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.placesTaken >= max) return false;
      Atomics.add(this.#slot.cells, this.#slot.own + PLACES, 1);
      if (this.placesTaken <= max) return true;
      this.#leavePlace();
    }
    return false;
  }

  #leavePlace(): void {
    Atomics.sub(this.#slot.cells, this.#slot.own + PLACES, 1);
  }
}

/** Whether a request was admitted to find out how the backend does: it has one of the places. */
export function isProbe(ticket: Ticket): boolean {
  return ticket !== NO_TICKET && (ticket & 3) === HALF_OPEN;
}

function markOf(word: number): number {
  return (word >>> 2) & (2 ** MARK_BITS - 1);
}

function isMarked(counted: number, word: number): boolean {
  return counted >>> COUNT_BITS === markOf(word);
}

function timeoutOf(policy: BreakerPolicy): number {
  return Math.min(policy.timeoutMs, WORD_TIME_MAX);
}
