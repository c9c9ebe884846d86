/**
 * The forwarded path: which part of the matched path a backend gets to see. The data plane writes it,
 * explain, diff and route tests show it; all of them ask here. Nothing is allocated.
 *
 * A backend's own path (of its URL) goes before it, the query of the request behind it.
 */
const SLASH = 0x2f;

/**
 * Where the forwarded path begins in a matched one that lies at `[start..end)`.
 *
 * @param strip the route takes the matched prefix off
 * @param isExact the route's pattern has no `*`: what it matched is the whole path
 * @param rest the matcher's `rest`: the end of the last segment matched
 */
export function forwardStart(
  strip: boolean,
  isExact: boolean,
  start: number,
  rest: number,
  end: number,
): number {
  if (!strip) return start;
  return isExact ? end : rest;
}

/** True where the forwarded path `bytes[start..end)` needs a slash put before it. */
export function needsSlash(bytes: Uint8Array, start: number, end: number): boolean {
  return start >= end || bytes[start] !== SLASH;
}
