/**
 * Word time: a moment in 30 bits of a cell, so that it changes together with what else the cell says.
 * Milliseconds, around the clock once in twelve days; distances below six are right.
 */
const BITS = 30;
const MASK = 2 ** BITS - 1;
const HALF = 2 ** (BITS - 1);

/** Longer times than this cannot be told apart: five days. */
export const WORD_TIME_MAX: number = 5 * 24 * 3_600_000;

/** A moment as a word's time. */
export function wordTime(now: number): number {
  return Math.floor(now) & MASK;
}

/** From `then` to `now`, negative where `then` is still to come. */
export function wordElapsed(then: number, now: number): number {
  const distance = (wordTime(now) - then) & MASK;
  return distance < HALF ? distance : distance - 2 ** BITS;
}

/** The moment after. */
export function wordAfter(time: number): number {
  return (time + 1) & MASK;
}
