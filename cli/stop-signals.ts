/** What asks a long-running command to end. */
import { Socket } from "node:net";

/** SIGHUP is among them, for a terminal that is closed must not leave anything behind. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls `onStop` for each that comes, counting from 1: the first asks, the next insist. */
export function onStopSignal(onStop: (count: number) => void): void {
  let count = 0;
  for (const signal of STOP_SIGNALS) process.on(signal, () => onStop(++count));
}

/** The first that comes. */
export async function stopSignal(): Promise<void> {
  return new Promise((resolve) => onStopSignal(() => resolve()));
}

/** Calls once when standard input ends: whoever held its other end is gone. */
export function onInputClosed(onClosed: () => void): void {
  process.stdin.once("close", onClosed);
  process.stdin.on("error", () => undefined);
  process.stdin.resume();
  // Listening for its end is no reason to go on.
  if (process.stdin instanceof Socket) process.stdin.unref();
}
