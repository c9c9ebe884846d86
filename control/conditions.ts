/**
 * Conditional requests (RFC 9110 §13, RFC 6585 §3): entity tags, and what a client demands of them.
 */
import { createHash } from "node:crypto";

import { Refusal } from "./refusal.ts";

/** What a request demands. Undefined is "no such field". */
export interface Conditions {
  ifMatch: string | undefined;
  ifNoneMatch: string | undefined;
}

/** The strong entity tag of a representation. */
export function etagOf(text: string): string {
  return `"${createHash("sha256").update(text).digest("hex").slice(0, 32)}"`;
}

/** Whether a GET may be answered 304. */
export function isUnchanged({ ifNoneMatch }: Conditions, etag: string): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch, etag, "weak");
}

/**
 * Holds a write against what it would change.
 *
 * @param required a write without If-Match is refused
 * @throws Refusal 412, 428
 */
export function demand(
  { ifMatch, ifNoneMatch }: Conditions,
  etag: string,
  required: boolean,
): void {
  if (ifMatch !== undefined && !matches(ifMatch, etag, "strong")) {
    throw stale("it has changed since it was read: If-Match names another version", etag);
  }
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag, "weak")) {
    throw stale("If-None-Match names what is there", etag);
  }
  if (required && ifMatch === undefined) {
    throw new Refusal(428, "If-Match is required: send the ETag of what you have read");
  }
}

/**
 * Holds the making of something new against the list it goes to. `If-None-Match: *` says that it must
 * not be there yet.
 *
 * @throws Refusal 412, 428
 */
export function demandNew(
  { ifMatch, ifNoneMatch }: Conditions,
  listEtag: () => string,
  required: boolean,
): void {
  if (ifMatch !== undefined && !matches(ifMatch, listEtag(), "strong")) {
    throw stale("the list has changed since it was read: If-Match names another", listEtag());
  }
  if (required && ifMatch === undefined && ifNoneMatch?.trim() !== "*") {
    throw new Refusal(428, "If-Match with the list's ETag, or If-None-Match: *, is required");
  }
}

function stale(message: string, etag: string): Refusal {
  return new Refusal(412, message, { fields: { ETag: etag } });
}

/** A weak tag never matches strongly. */
function matches(list: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  const tags = [...list.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)];
  return tags.some(
    ([, weak, tag]) => tag === etag && (comparison === "weak" || weak === undefined),
  );
}
