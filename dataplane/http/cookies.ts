/**
 * Cookies: the pairs of a request's Cookie fields (RFC 6265 §4.2.1), read in place.
 */
import { equals, HTAB, SP } from "./bytes.ts";
import { FIELD, type FieldList } from "./fields.ts";
import { CRLF, type Output } from "./output.ts";

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** The pairs of one field, one after the other; offsets into its bytes. */
class Pairs {
  nameStart = 0;
  nameEnd = 0;
  valueEnd = 0;
  #at = 0;
  #end = 0;

  begin(start: number, end: number): void {
    this.#at = start;
    this.#end = end;
  }

  /** False where there is none left. A pair without "=" is a name without a value. */
  next(bytes: Uint8Array): boolean {
    let at = this.#at;
    const end = this.#end;
    while (at < end && isSeparator(bytes[at]!)) at++;
    if (at === end) return false;
    this.nameStart = at;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== SEMICOLON) at++;
    this.nameEnd = at;
    while (at < end && bytes[at] !== SEMICOLON) at++;
    this.#at = at;
    while (isSeparator(bytes[at - 1]!)) at--;
    this.valueEnd = at;
    if (this.nameEnd > at) this.nameEnd = at;
    return true;
  }

  /** Where the value begins; its end where there is none. */
  get valueStart(): number {
    return Math.min(this.nameEnd + 1, this.valueEnd);
  }

  isNamed(bytes: Uint8Array, name: Uint8Array): boolean {
    return equals(bytes, this.nameStart, this.nameEnd, name);
  }
}

/** One is enough: it is used up before anything else runs. */
const pairs = new Pairs();

function isSeparator(byte: number): boolean {
  return byte === SEMICOLON || byte === SP || byte === HTAB;
}

/** Where a cookie's value lies; written by `findCookie`. */
export const found: { start: number; end: number } = { start: 0, end: 0 };

/**
 * Finds cookie number `nth` (from 0) of a name; names are case-sensitive.
 *
 * @returns true where there is one; `found` then says where its value is, which may be empty
 */
export function findCookie(
  bytes: Uint8Array,
  fields: FieldList,
  name: Uint8Array,
  nth = 0,
): boolean {
  for (let i = 0; i < fields.count; i++) {
    if (fields.kind[i] !== FIELD.COOKIE) continue;
    pairs.begin(fields.valueStart[i]!, fields.valueEnd[i]!);
    while (pairs.next(bytes)) {
      if (!pairs.isNamed(bytes, name) || nth-- > 0) continue;
      found.start = pairs.valueStart;
      found.end = pairs.valueEnd;
      return true;
    }
  }
  return false;
}

/** True where a field holds a cookie of the name. */
export function holdsCookie(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
): boolean {
  pairs.begin(start, end);
  while (pairs.next(bytes)) if (pairs.isNamed(bytes, name)) return true;
  return false;
}

/** Writes a Cookie field without the cookies of a name; nothing where none is left. */
export function writeCookiesWithout(
  output: Output,
  bytes: Buffer,
  start: number,
  end: number,
  name: Uint8Array,
): void {
  let isFirst = true;
  pairs.begin(start, end);
  while (pairs.next(bytes)) {
    if (pairs.isNamed(bytes, name)) continue;
    output.put(isFirst ? COOKIE : SEPARATOR);
    output.copy(bytes, pairs.nameStart, pairs.valueEnd);
    isFirst = false;
  }
  if (!isFirst) output.put(CRLF);
}

const COOKIE = Buffer.from("Cookie: ");
const SEPARATOR = Buffer.from("; ");
