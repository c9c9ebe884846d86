// Until: waiting in tests, always with an end.

import { setTimeout as sleep } from "node:timers/promises";

/** What a liveness wait may take where nothing says less: generous, as the machine is shared. */
export const PATIENCE_MS = 10_000;

/** Waits until a condition holds; `what` is said when it does not in time. */
export async function until(
  what: string,
  holds: () => boolean,
  withinMs: number = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

/** Waits until a condition holds that takes asking for. */
export async function untilAsync(
  what: string,
  holds: () => Promise<boolean>,
  withinMs: number = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}

/** The value of a promise, or an error that says what did not come in time. */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  withinMs: number = PATIENCE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not within ${withinMs} ms: ${what}`));
    }, withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export { sleep };
