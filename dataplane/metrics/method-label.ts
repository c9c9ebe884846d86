/**
 * Method labels: a client can make up any method, a metric only has these.
 */
import { equals } from "../http/bytes.ts";

/** What stands for a method in a metric; everything else is the last one. */
export const METHOD_LABELS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "OTHER",
];

const OTHER = METHOD_LABELS.length - 1;
const NAMES = METHOD_LABELS.slice(0, OTHER).map((name) => Buffer.from(name));

/** The number of a method in `METHOD_LABELS`. */
export function methodLabel(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < OTHER; i++) {
    if (equals(bytes, start, end, NAMES[i]!)) return i;
  }
  return OTHER;
}
