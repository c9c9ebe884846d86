/**
 * Accept queue: connections that the system has taken and nobody has accepted yet. What is in a socket's
 * queue when it closes is reset by the system, so a listener closes right behind a turn of the event loop
 * that found none.
 */

/** While a listener closes, what waits is accepted first; so long at most. Milliseconds. */
const CLOSING_MS_MAX = 500;
/** A turn of the event loop that takes less leaves next to no time for a connection to slip in. */
const SHORT_TURN_MS = 0.1;

/**
 * Resolves behind such a turn.
 *
 * @param accepted how many connections have been accepted so far
 */
export async function emptyAcceptQueue(accepted: () => number): Promise<void> {
  const end = performance.now() + CLOSING_MS_MAX;
  let turnedAt = 0;
  let before = -1;
  while (performance.now() < end) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    const count = accepted();
    if (before === count && now - turnedAt < SHORT_TURN_MS) return;
    before = count;
    turnedAt = now;
  }
}
