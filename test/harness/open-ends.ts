// Open ends: everything of a test's own that holds connections to Balto, so that all of it can be
// closed before the data plane is asked whether it has let go as well.

import { onTestFinished } from "vitest";

const closers = new Set<() => void>();

/** Closes it when the test is over, and earlier where `closeOpenEnds` is called. */
export function openEnd(close: () => void): void {
  closers.add(close);
  onTestFinished(() => {
    if (closers.delete(close)) close();
  });
}

/** Closes every client and every origin of the running test, at once. */
export function closeOpenEnds(): void {
  for (const close of closers) close();
  closers.clear();
}
