/**
 * Own paths: what Balto answers itself on the address of the traffic. These paths exactly; every other
 * one, below `/balto/` too, is the services' business.
 */
export const NOT_OWN = 0;
/** Answered by the worker: it lives. */
export const OWN_PROBE = 1;
/** Whether the process is ready, which the main thread knows. */
const OWN_READY = 2;
/** What operators ask. */
export const OWN_ADMIN = 3;

const BALTO = "/balto/";
const LENGTH_MAX = 4_096;

/** Which of them a path in normal form is. */
export function ownPathOf(path: Uint8Array, start: number, end: number): number {
  // Four letters keep nearly all traffic away from here.
  switch (path[start + 1]!) {
    case 0x68 /* h */:
      return isText(path, start, end, "/health") ? OWN_PROBE : NOT_OWN;
    case 0x6c /* l */:
      return isText(path, start, end, "/livez") ? OWN_PROBE : NOT_OWN;
    case 0x72 /* r */:
      return isText(path, start, end, "/readyz") ? OWN_READY : NOT_OWN;
    case 0x62 /* b */:
      if (
        end - start > LENGTH_MAX ||
        end - start < BALTO.length ||
        !isText(path, start, start + BALTO.length, BALTO)
      )
        return NOT_OWN;
      return isAdminPath(latin1(path, start, end)) ? OWN_ADMIN : NOT_OWN;
    default:
      return NOT_OWN;
  }
}

/** True for the paths of operators. */
export function isAdminPath(path: string): boolean {
  return ADMIN_PATHS.has(path) || ADMIN_PATTERN.test(path);
}

const ADMIN_PATHS: ReadonlySet<string> = new Set(
  [
    "artifact",
    "backends",
    "check",
    "events",
    "explain",
    "health/stats",
    "metrics",
    "openapi.json",
    "reload",
    "services",
  ].map((name) => BALTO + name),
);
const ADMIN_PATTERN = /^\/balto\/(?:services\/[^/]+|backends\/[^/]+\/(?:drain|undrain))$/;

function isText(path: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (path[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
    start,
    end,
  );
}
