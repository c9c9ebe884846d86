/**
 * Trailers: which fields behind a chunked body go on, and how they are written. RFC 9110 §6.5.
 *
 * Whoever reads a message has acted on its head by the time they come. So what means something for
 * framing, routing, forwarding, authentication, content or caching is no trailer (§6.5.1), whatever the
 * sender says; nor is what the head's Connection names.
 */
import { FORWARDED_PREFIX, GUARDED_FIELDS } from "../../artifact/guarded-fields.ts";
import { latin1 } from "./bytes.ts";
import { LAST_CHUNK } from "./output.ts";

/**
 * The last chunk of a body with the fields that go on behind it.
 *
 * @param section whole lines, as the body's decoder has checked them
 * @param named in lower case: fields that end here, as Connection says
 */
export function lastChunkWith(section: Buffer, named: readonly string[]): Buffer {
  let lines = "";
  for (const line of latin1(section, 0, section.length).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon === -1) continue;
    const name = line.slice(0, colon);
    if (isTrailer(name, named))
      lines += `${name}: ${line.slice(colon + 1).replaceAll(/^[ \t]+|[ \t]+$/g, "")}\r\n`;
  }
  return lines === "" ? LAST_CHUNK : Buffer.from(`0\r\n${lines}\r\n`, "latin1");
}

function isTrailer(name: string, named: readonly string[]): boolean {
  const lower = name.toLowerCase();
  if (named.includes(lower)) return false;
  // A disguised field is no better here than in a head.
  const folded = lower.replaceAll("_", "-");
  return !REFUSED.has(folded) && !REFUSED_PREFIXES.some((prefix) => folded.startsWith(prefix));
}

const REFUSED_PREFIXES = [FORWARDED_PREFIX, "x-param-", "proxy-", "access-control-", "if-"];

const REFUSED: ReadonlySet<string> = new Set([
  ...GUARDED_FIELDS,
  // Whose request it is, and who asks.
  "x-real-ip",
  "www-authenticate",
  "authentication-info",
  "set-cookie",
  // What the content is.
  "content-type",
  "content-encoding",
  "content-range",
  "content-location",
  // What is asked for, and what becomes of the answer.
  "range",
  "age",
  "allow",
  "cache-control",
  "expires",
  "location",
  "pragma",
  "retry-after",
  "vary",
  "warning",
]);
