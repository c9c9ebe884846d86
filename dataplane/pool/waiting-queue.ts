/**
 * Waiting queue: requests that wait for a place at a backend of a pool, in order. Among workers the one
 * whose first request has waited longer goes first, give or take a little: a place that becomes free is
 * taken at once by whoever waits in the same worker; others find it when they look again, every few
 * milliseconds while somebody waits, and are let past as soon as they have waited that much longer.
 */
import type { Backend } from "./backend.ts";
import type { PickRequest } from "./pick-request.ts";
import type { Ticket } from "./state/breaker.ts";
import type { PoolSlot } from "./state/pool-slot.ts";

/** A request that waits. One of the two is called, from a stack of its own, unless it is cancelled. */
export interface Waiter {
  /** What to pick for; must not change while it waits. */
  readonly request: PickRequest;
  /** The pick counts already, and has to be settled. */
  onBackend(backend: Backend, ticket: Ticket): void;
  /** It has waited long enough, or its pool is gone. */
  onTimeout(): void;
}

/** What the queue picks with. */
export interface Picker {
  pickForWaiter(request: PickRequest): Backend | undefined;
  readonly ticket: Ticket;
}

/** Between two looks for places that other workers have left. */
const LOOK_MS = 5;
/** A request of another worker that has waited so much longer is let past. */
const LET_PAST_MS = 20;

interface Place {
  waiter: Waiter;
  since: number;
  until: number;
}

export class WaitingQueue {
  readonly #pool: PoolSlot;
  readonly #picker: Picker;
  readonly #places: Place[] = [];
  #isLooking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: PoolSlot, picker: Picker) {
    this.#pool = pool;
    this.#picker = picker;
  }

  /** Somebody waits in this worker. */
  get isUsed(): boolean {
    return this.#places.length > 0;
  }

  /** @returns false where `max` wait already */
  add(waiter: Waiter, max: number, timeoutMs: number): boolean {
    if (max === 0 || !this.#pool.enqueue(max)) return false;
    const since = this.#pool.memory.now();
    this.#places.push({ waiter, since, until: since + timeoutMs });
    if (this.#places.length === 1) this.#publish();
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    return true;
  }

  /** It waits no more. Nothing where it does not. */
  cancel(waiter: Waiter): void {
    const at = this.#places.findIndex((place) => place.waiter === waiter);
    if (at !== -1) this.#takeOff(at);
  }

  /** A place has become free: whoever waits here looks, but not on this stack. */
  placeFree(): void {
    if (this.#places.length === 0 || this.#isLooking) return;
    this.#isLooking = true;
    queueMicrotask(() => this.#look());
  }

  /** Nobody gets a place any more. */
  close(): void {
    while (this.#places.length > 0) {
      const { waiter } = this.#takeOff(0);
      queueMicrotask(() => waiter.onTimeout());
    }
  }

  #look(): void {
    this.#isLooking = false;
    const now = this.#pool.memory.now();
    for (;;) {
      const first = this.#places[0];
      if (first === undefined) return;
      if (first.until <= now) {
        this.#takeOff(0).waiter.onTimeout();
        continue;
      }
      if (this.#pool.isBehindOthers(first.since - LET_PAST_MS)) return;
      const backend = this.#picker.pickForWaiter(first.waiter.request);
      if (backend === undefined) return;
      const { ticket } = this.#picker;
      this.#takeOff(0);
      first.waiter.onBackend(backend, ticket);
    }
  }

  #takeOff(at: number): Place {
    const [place] = this.#places.splice(at, 1);
    this.#pool.dequeue();
    if (at === 0) this.#publish();
    if (this.#places.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return place!;
  }

  #publish(): void {
    this.#pool.firstWaitsSince = this.#places[0]?.since;
  }
}
