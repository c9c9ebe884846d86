/**
 * Request ids: what a peer may give as one.
 */
import { latin1 } from "../http/bytes.ts";

/** Longer ones are made anew. */
const LENGTH_MAX = 128;

/** The id in a field's value, "" where it cannot be one: it goes into logs, fields and queries of others. */
export function readRequestId(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > LENGTH_MAX) return "";
  const text = latin1(bytes, start, end);
  return /^[A-Za-z0-9._~+/=:@-]+$/.test(text) ? text : "";
}
