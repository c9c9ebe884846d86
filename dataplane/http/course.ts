/**
 * Course: where a request goes next that its first backend has not answered, and when: in its turn where every
 * backend is full, at once or after a pause where an attempt has failed, beside an attempt that takes too long. It
 * sees to the limit of the request's whole time as well. What an attempt is and what becomes of it is its user's
 * business (delivery.ts).
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import type { Cause } from "../observation/cause.ts";
import type { Backend } from "../pool/backend.ts";
import type { Ticket } from "../pool/state/breaker.ts";
import type { Runtime } from "../runtime.ts";
import type { Picks } from "./picks.ts";
import type { Replay } from "./replay.ts";
import { backoffMs, type Failure, mayRetry } from "./retry.ts";
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
  readonly #picks: Picks;
  readonly #replay: Replay;
  readonly #turn: Turn;
  readonly #schedule: Schedule;
  #route: Route | undefined;
  #account: Account | undefined;
  #retries = 0;
  #connectFailures = 0;

  /** @param replay what is kept of the request */
  constructor(runtime: Runtime, user: CourseUser, picks: Picks, replay: Replay) {
    this.#runtime = runtime;
    this.#user = user;
    this.#picks = picks;
    this.#replay = replay;
    this.#turn = new Turn(this, picks.request);
    this.#schedule = new Schedule(runtime.wheel, this);
  }

  /** A request begins. */
  begin(route: Route, account: Account): void {
    this.#route = route;
    this.#account = account;
    this.#retries = this.#connectFailures = 0;
  }

  /** The request has an answer, or will have none: nothing is waited for any more. */
  end(): void {
    this.#turn.cancel();
    this.#picks.setPausing(false);
    this.#schedule.clear();
  }

  // --- limits in time ----------------------------------------------------------------------------

  /** From now on the whole request may take so long. */
  endIn(ms: number): void {
    this.#schedule.endIn(ms);
  }

  /** From now on an answer may take so long before there is a second attempt. */
  hedgeIn(ms: number): void {
    this.#schedule.hedgeIn(ms);
  }

  onHedgeDue(): void {
    this.#user.onHedgeDue();
  }

  onRequestTimeout(): void {
    this.#user.onRequestTimeout();
  }

  // --- beside an attempt -------------------------------------------------------------------------

  /**
   * A backend for an attempt beside the one that is under way, picked with the ticket of the picks.
   *
   * @param asked that one's backend
   * @returns undefined where there shall be none
   */
  hedge(asked: Backend): Backend | undefined {
    const picks = this.#picks;
    if (!this.#replay.isKept || this.#route!.pool.backends.length < 2) return undefined;
    picks.tried(asked);
    const backend = picks.another();
    if (backend === undefined || this.#takeBudget()) return backend;
    picks.giveBack(backend);
    return undefined;
  }

  // --- behind an attempt -------------------------------------------------------------------------

  /** An answer with this status is let go for another attempt, which is taken off the budget. */
  passesOver(status: number): boolean {
    return this.#takeRetry("status", status);
  }

  /**
   * The only attempt under way has failed. Where this returns true `onBackend` or `onNoBackend` follows, or
   * has come already.
   *
   * @param failure "status" for an answer that `passesOver` has let go
   */
  goOn(failure: Failure): boolean {
    this.#schedule.cancelHedge();
    if (failure === "connect-failure" && this.#goElsewhere()) return true;
    if (failure !== "status" && !this.#takeRetry(failure, 0)) return false;
    this.#schedule.retryIn(backoffMs(this.#route!.retry, this.#retries++));
    this.#picks.setPausing(true);
    this.#user.onWaiting();
    return true;
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
    picks.setPausing(false);
    const backend = picks.next();
    if (backend !== undefined) return this.#user.onBackend(backend, picks.ticket);
    if (picks.isPoolFull) return this.wait();
    this.#user.onNoBackend("no_backend");
  }

  // --- in its turn -------------------------------------------------------------------------------

  /** Every backend has as many requests as it may have: in turn, for a limited time. */
  wait(): void {
    if (this.#turn.begin(this.#route!.pool, this.#account!)) return this.#user.onWaiting();
    this.#user.onNoBackend("queue_full", "every backend is full, and so is the queue");
  }

  onTurn(backend: Backend, ticket: Ticket): void {
    this.#user.onBackend(backend, ticket);
  }

  onTurnMissed(): void {
    this.#user.onNoBackend("queue_timeout", "every backend is full");
  }
}
