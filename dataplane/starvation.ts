/**
 * Starvation: not one descriptor is left, in this process or in the whole system. It should not come to
 * that (descriptors.ts), but others may take them, or the limit may be lowered.
 *
 * The system then reports a waiting connection again and again, libuv cannot take it, and the event
 * loop would turn as fast as it can. So each turn takes a few milliseconds until there is one again:
 * connections that stand are served a little later, and nothing spins.
 */
import { closeSync, openSync } from "node:fs";

const LOOK_MS = 100;
const TURN_MS = 5;

/** Looks from now on; `began` is told when it has come to that. */
export function watchStarvation(began: () => void): void {
  let isStarving = false;
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const turn = (): void => {
    if (!isStarving) return;
    Atomics.wait(cell, 0, 0, TURN_MS);
    setImmediate(turn).unref();
  };
  const look = (): void => {
    const wasStarving = isStarving;
    isStarving = !canOpen();
    if (!isStarving || wasStarving) return;
    began();
    turn();
  };
  setInterval(look, LOOK_MS).unref();
}

function canOpen(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "EMFILE" && code !== "ENFILE";
  }
}
