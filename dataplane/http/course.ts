/**
 * Course: which backend a request goes to next, and when: at once, in its turn where every backend is full,
 * after a pause where an attempt has failed, or beside an attempt that takes too long. It sees to the limit of
 * the request's whole time as well. What an attempt is and what becomes of it is its user's business (delivery.ts).
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import type { Cause } from "../observation/cause.ts";
import type { Backend } from "../pool/backend.ts";
import type { Ticket } from "../pool/state/breaker.ts";
import type { Runtime } from "../runtime.ts";
import { Picks } from "./picks.ts";
import type { Replay } from "./replay.ts";
import { backoffMs, type Failure, isListed, mayRetry } from "./retry.ts";
import { Schedule, type ScheduleUser } from "./schedule.ts";
import { Turn, type TurnUser } from "./turn.ts";

/** Backends that are tried because connections to others could not be made: always safe, so no setting. */
const CONNECT_BACKENDS_MAX = 3;

/** Whom a course tells. */
export interface CourseUser {
  /** The request has to wait for `onBackend`. */
  onWaiting(): void;
  /** The next attempt is made at this backend. The pick counts already, and has to be settled. */
  onBackend(backend: Backend, ticket: Ticket): void;
  /** There is none for it any more; `cause` is left out where it is what the last attempt has failed of. */
  onNoBackend(why: Cause, cause?: string): void;
  /** The attempt under way has not answered in time: another one may be made beside it. */
  onHedgeDue(): void;
  /** The whole request has taken too long. */
  onRequestTimeout(): void;
}

export class Course implements TurnUser, ScheduleUser {
  readonly #runtime: Runtime;
  readonly #user: CourseUser;
  readonly #replay: Replay;
  readonly #picks = new Picks();
  /** Made when they are first needed: most requests wait for nothing. */
  #turn: Turn | undefined;
  #schedule: Schedule | undefined;
  #route: Route | undefined;
  #account: Account | undefined;
  /** A second backend is asked after so long; 0 where none is. Milliseconds. */
  #hedgeAfterMs = 0;
  #retries = 0;
  #connectFailures = 0;

  /** @param replay what is kept of the request */
  constructor(runtime: Runtime, user: CourseUser, replay: Replay) {
    this.#runtime = runtime;
    this.#user = user;
    this.#replay = replay;
  }

  /**
   * A request begins.
   *
   * @param hash of the request's key; 0 where the pool does not hash
   * @param sticky the backend that the client is bound to; -1 is none
   * @param mayHedge it may be sent to two backends at a time, where the service does that
   * @returns the first backend, picked with `ticket`; undefined where there is none, or `isPoolFull`
   */
  begin(
    route: Route,
    hash: number,
    sticky: number,
    mayHedge: boolean,
    account: Account,
  ): Backend | undefined {
    this.#route = route;
    this.#account = account;
    this.#hedgeAfterMs = mayHedge ? route.hedgeAfterMs : 0;
    this.#retries = this.#connectFailures = 0;
    route.pool.retryBudget.countRequest(this.#runtime.deadlines.now);
    this.#picks.begin(route.pool, hash, sticky);
    return this.#picks.next();
  }

  /** What the last pick has to be settled with. */
  get ticket(): Ticket {
    return this.#picks.ticket;
  }

  /** The last pick has found none only because all have as many requests as they may: `wait`. */
  get isPoolFull(): boolean {
    return this.#picks.isPoolFull;
  }

  /** Further attempts are possible behind a request that was sent. */
  get mayGoOn(): boolean {
    return this.#route!.retry.attempts > 0 || this.#hedgeAfterMs > 0;
  }

  // --- limits in time ----------------------------------------------------------------------------

  /** From now on the whole request may take so long. */
  limit(): void {
    const { requestMs } = this.#route!.timeouts;
    if (requestMs > 0) this.#plan().endIn(requestMs);
  }

  /** The first attempt begins: from now on its answer may take so long until there is a second one. */
  planHedge(): void {
    if (this.#hedgeAfterMs > 0) this.#plan().hedgeIn(this.#hedgeAfterMs);
  }

  onHedgeDue(): void {
    this.#user.onHedgeDue();
  }

  onRequestTimeout(): void {
    this.#user.onRequestTimeout();
  }

  #plan(): Schedule {
    return (this.#schedule ??= new Schedule(this.#runtime.wheel, this));
  }

  // --- the next backend --------------------------------------------------------------------------

  /** This backend was asked, and others come first from now on. */
  tried(backend: Backend): void {
    this.#picks.tried(backend);
  }

  /** A backend for an attempt beside the one that is under way; undefined where there shall be none. */
  hedge(asked: Backend): Backend | undefined {
    const picks = this.#picks;
    if (!this.#replay.isKept || this.#route!.pool.backends.length < 2) return undefined;
    picks.tried(asked);
    const backend = picks.another();
    if (backend === undefined || this.#takeBudget()) return backend;
    picks.giveBack(backend);
    return undefined;
  }

  /**
   * The only attempt under way has failed. `onBackend` follows where this returns true, or has come
   * already.
   *
   * @param failure "status" for an answer that `passesOver` has let go
   */
  goOn(failure: Failure): boolean {
    this.#hedgeAfterMs = 0;
    this.#schedule?.cancelHedge();
    if (failure === "connect-failure" && this.#goElsewhere()) return true;
    if (failure !== "status" && !this.#takeRetry(failure, 0)) return false;
    this.#plan().retryIn(backoffMs(this.#route!.retry, this.#retries++));
    this.#user.onWaiting();
    return true;
  }

  /** An answer with this status is let go, and another attempt made: that is taken off the budget. */
  passesOver(status: number): boolean {
    return this.#takeRetry("status", status);
  }

  /** The policy of retries lists the status. */
  isListed(status: number): boolean {
    return isListed(this.#route!.retry, "status", status);
  }

  /** Nothing was sent, so that any request may go to another backend at once. */
  #goElsewhere(): boolean {
    if (++this.#connectFailures >= CONNECT_BACKENDS_MAX) return false;
    const backend = this.#picks.another();
    if (backend === undefined) return false;
    this.#user.onBackend(backend, this.#picks.ticket);
    return true;
  }

  #takeRetry(failure: Failure, status: number): boolean {
    const { retry } = this.#route!;
    return mayRetry(retry, this.#retries, failure, status, this.#replay) && this.#takeBudget();
  }

  #takeBudget(): boolean {
    const { pool, retry } = this.#route!;
    return pool.retryBudget.take(this.#runtime.deadlines.now, retry.budgetPercent);
  }

  /** The pause is over: another backend where there is one, else one that was tried. */
  onRetryDue(): void {
    const picks = this.#picks;
    const backend = picks.next();
    if (backend !== undefined) return this.#user.onBackend(backend, picks.ticket);
    if (picks.isPoolFull) return this.wait();
    this.#user.onNoBackend("no_backend");
  }

  /** Every backend has as many requests as it may have: in turn, for a limited time. */
  wait(): void {
    const turn = (this.#turn ??= new Turn(this, this.#picks.request));
    if (turn.begin(this.#route!.pool, this.#account!)) return this.#user.onWaiting();
    this.#user.onNoBackend("queue_full", "every backend is full, and so is the queue");
  }

  onTurn(backend: Backend, ticket: Ticket): void {
    this.planHedge();
    this.#user.onBackend(backend, ticket);
  }

  onTurnMissed(): void {
    this.#user.onNoBackend("queue_timeout", "every backend is full");
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Nothing is waited for any more. */
  end(): void {
    this.#turn?.cancel();
    this.#schedule?.clear();
  }
}
