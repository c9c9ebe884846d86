/**
 * Witnesses: requests that show what a finding says. They are real: put to the matcher, they go where
 * the finding says that they go.
 */
import type { Pattern } from "../../artifact/pattern.ts";
import type { Member } from "./request-set.ts";

/** A request. Values of fields and query are byte strings (see value-set.ts). */
export interface Witness extends Member {
  host: string;
  path: string;
}

/** `GET http://api.example.com/x?v=1 -H "x-team: a"`, as `balto explain` takes it. */
export function witnessText({ method, host, path, fields, query }: Witness): string {
  const pairs = query.map(
    ([name, value]) => `${encoded(Buffer.from(name))}=${encoded(bytes(value))}`,
  );
  const search = pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  const headers = fields.map(([name, value]) => {
    const text = bytes(value).toString("utf8");
    return ` -H ${JSON.stringify(`${name}: ${text}`)}`;
  });
  return `${method} http://${host}${path}${search}${headers.join("")}`;
}

/** A path of a pattern, with `fresh` in the place of parameters and `tail` of them in that of `*`. */
export function pathOf({ segments, rest }: Pattern, tail: number, fresh: string): string {
  const parts = segments.map(({ kind, text }) => (kind === "literal" ? text : fresh));
  for (let i = 0; rest && i < tail; i++) parts.push(fresh);
  return `/${parts.join("/")}`;
}

/** A segment that no pattern of a host writes out. */
export function freshSegment(patterns: Iterable<Pattern>): string {
  const taken = new Set<string>();
  for (const { segments } of patterns) {
    for (const { kind, text } of segments) if (kind === "literal") taken.add(text);
  }
  let fresh = "x";
  for (let number = 1; taken.has(fresh); number++) fresh = `x${number}`;
  return fresh;
}

function bytes(value: string): Buffer {
  return Buffer.from(value, "latin1");
}

/** What RFC 3986 leaves unreserved stands as it is. */
function encoded(value: Buffer): string {
  let text = "";
  for (const byte of value) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9\-._~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
