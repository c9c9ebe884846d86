/**
 * Schedule: what a delivery waits for: the pause before a retry, the time for a hedge, the end of the
 * request's whole time. One alarm for all three, set for whichever is first.
 */
import { Alarm, type AlarmOwner, type TimerWheel } from "../timer-wheel.ts";

export interface ScheduleUser {
  onRetryDue(): void;
  onHedgeDue(): void;
  /** The whole request has taken too long. */
  onRequestTimeout(): void;
}

export class Schedule implements AlarmOwner {
  readonly #wheel: TimerWheel;
  readonly #user: ScheduleUser;
  readonly #alarm: Alarm = new Alarm(this);
  #retryAt = Infinity;
  #hedgeAt = Infinity;
  #endAt = Infinity;

  constructor(wheel: TimerWheel, user: ScheduleUser) {
    this.#wheel = wheel;
    this.#user = user;
  }

  retryIn(ms: number): void {
    this.#retryAt = performance.now() + ms;
    this.#set();
  }

  hedgeIn(ms: number): void {
    this.#hedgeAt = performance.now() + ms;
    this.#set();
  }

  cancelHedge(): void {
    this.#hedgeAt = Infinity;
  }

  endIn(ms: number): void {
    this.#endAt = performance.now() + ms;
    this.#set();
  }

  /** Nothing is waited for any more. */
  clear(): void {
    this.#retryAt = this.#hedgeAt = this.#endAt = Infinity;
    this.#wheel.cancel(this.#alarm);
  }

  onAlarm(): void {
    const now = performance.now();
    if (now >= this.#endAt) return this.#user.onRequestTimeout();
    const isRetry = now >= this.#retryAt;
    const isHedge = now >= this.#hedgeAt;
    if (isRetry) this.#retryAt = Infinity;
    if (isHedge) this.#hedgeAt = Infinity;
    // First, as whoever is told may clear everything.
    this.#set();
    if (isRetry) this.#user.onRetryDue();
    else if (isHedge) this.#user.onHedgeDue();
  }

  #set(): void {
    const at = Math.min(this.#retryAt, this.#hedgeAt, this.#endAt);
    if (at !== Infinity) this.#wheel.set(this.#alarm, at - performance.now());
  }
}
