/**
 * Clock: milliseconds that never go back, with fractions, since the process began (`performance.now()`).
 *
 * Node makes the global `performance` when it is first read, and each further read goes through what made
 * it: on the path of every request it is read once and kept.
 */
const { performance: clock } = globalThis;

export function now(): number {
  return clock.now();
}
