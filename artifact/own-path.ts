/**
 * Own paths: what Balto answers itself on every host, before any route is looked for.
 */

const HEALTH = Buffer.from("/health");

/** True where the path `bytes[start..end)`, in normal form, is `/health`. */
export function isHealthPath(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== HEALTH.length) return false;
  for (let i = 0; i < HEALTH.length; i++) if (bytes[start + i] !== HEALTH[i]) return false;
  return true;
}
