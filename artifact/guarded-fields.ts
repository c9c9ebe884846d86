/**
 * Guarded fields: header fields that Balto reads, writes or takes away. A name that would be one of them
 * if "_" were "-" is a disguise: programs that turn header names into variables see no difference.
 */

export const GUARDED_FIELDS = [
  "te",
  "via",
  "host",
  "date",
  "cookie",
  "expect",
  "trailer",
  "upgrade",
  "forwarded",
  "keep-alive",
  "connection",
  "tracestate",
  "traceparent",
  "max-forwards",
  "x-request-id",
  "authorization",
  "content-length",
  "http2-settings",
  "x-forwarded-for",
  "x-forwarded-host",
  "proxy-connection",
  "x-forwarded-proto",
  "transfer-encoding",
  "proxy-authenticate",
  "proxy-authorization",
  "access-control-allow-origin",
] as const;
export type GuardedField = (typeof GUARDED_FIELDS)[number];

/** All names that begin so are guarded, too. */
export const FORWARDED_PREFIX = "x-forwarded-";

/** True where a name is a guarded one's but for "_". */
export function isDisguised(name: string): boolean {
  if (!name.includes("_")) return false;
  const folded = name.toLowerCase().replaceAll("_", "-");
  return NAMES.has(folded) || folded.startsWith(FORWARDED_PREFIX);
}

const NAMES: ReadonlySet<string> = new Set(GUARDED_FIELDS);
