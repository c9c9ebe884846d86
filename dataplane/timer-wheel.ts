/**
 * Timer wheel: for times too short for the deadlines' sweep (a pause between two attempts, the wait for
 * a hedge, the limit of one attempt). One timer for all of a worker, and none while nothing is set; to
 * set and to cancel cost the same however many there are. Nothing is due early.
 */

/** Whom an alarm tells. */
export interface AlarmOwner {
  onAlarm(alarm: Alarm): void;
}

const TICK_MS = 5;
/** A power of two. An alarm that is further off than one round is passed over until its time has come. */
const SLOTS = 512;
const UNSET = -1;

/** Something that is due at a time; it can be set again and again, and is set once at a time. */
export class Alarm {
  readonly owner: AlarmOwner;
  /** When it is due, in the wheel's ticks. Written by the wheel alone, as the links are. */
  tick: number = UNSET;
  next: Alarm | undefined;
  previous: Alarm | undefined;

  constructor(owner: AlarmOwner) {
    this.owner = owner;
  }

  get isSet(): boolean {
    return this.tick !== UNSET;
  }
}

export class TimerWheel {
  readonly #clock: () => number;
  /** The first alarm of each slot. */
  readonly #slots: (Alarm | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  /** The last tick that has been looked at. */
  #tick: number;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#tick = Math.floor(clock() / TICK_MS);
  }

  /** How many alarms are set. */
  get size(): number {
    return this.#count;
  }

  /** Sets an alarm for `ms` from now, whatever it was set for before. */
  set(alarm: Alarm, ms: number): void {
    this.cancel(alarm);
    const now = this.#clock();
    if (this.#count === 0) this.#tick = Math.floor(now / TICK_MS);
    alarm.tick = Math.max(Math.ceil((now + ms) / TICK_MS), this.#tick + 1);
    const slot = alarm.tick & (SLOTS - 1);
    const first = this.#slots[slot];
    alarm.next = first;
    if (first !== undefined) first.previous = alarm;
    this.#slots[slot] = alarm;
    this.#count++;
    this.#arm();
  }

  cancel(alarm: Alarm): void {
    if (alarm.tick === UNSET) return;
    const { next, previous } = alarm;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else this.#slots[alarm.tick & (SLOTS - 1)] = next;
    alarm.next = alarm.previous = undefined;
    alarm.tick = UNSET;
    this.#count--;
  }

  /** Tells everything whose time has come. */
  sweep(): void {
    const now = Math.floor(this.#clock() / TICK_MS);
    // After a stall one round is enough to see every slot.
    const from = Math.max(this.#tick, now - SLOTS);
    this.#tick = now;
    for (let tick = from + 1; tick <= now && this.#count > 0; tick++) this.#tell(tick, now);
  }

  #tell(tick: number, now: number): void {
    const slot = tick & (SLOTS - 1);
    let alarm = this.#slots[slot];
    while (alarm !== undefined) {
      if (alarm.tick > now) {
        alarm = alarm.next;
        continue;
      }
      this.cancel(alarm);
      alarm.owner.onAlarm(alarm);
      // Whoever was told may have set and cancelled others of this slot.
      alarm = this.#slots[slot];
    }
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#count === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.sweep();
      } finally {
        this.#arm();
      }
    }, TICK_MS);
    this.#timer.unref();
  }
}
