/**
 * Paths: what is matched is what is sent.
 *
 * A request's path is brought into its normal form before it is matched (RFC 3986 §6.2.2): unreserved
 * characters are decoded, dot segments are resolved, percent-encoded dots included. `%2F` never
 * separates. Empty segments stay; the matcher passes over them. Two things are a setting's business
 * (`pathRules`): `%5C`, which some backends take for a slash, and what a backend that reads a path once
 * more, or takes parameters out of its segments, would resolve where Balto has not.
 */
import type { Settings } from "./model.ts";

/** Results of `normalizePath` other than a length. */
export const PATH_UNCHANGED = -1;
export const PATH_BAD = -2;

/** Rules of `normalizePath`, as bits: `%5C` stays as it is instead of being refused. */
const ENCODED_BACKSLASH = 1;
/** Dot segments with a parameter and characters that are encoded twice are refused. */
const STRICT = 2;

/** The rules that settings ask for. */
export function pathRules({
  encodedBackslash,
  strictPaths,
}: Pick<Settings, "encodedBackslash" | "strictPaths">): number {
  return (encodedBackslash === "allow" ? ENCODED_BACKSLASH : 0) | (strictPaths ? STRICT : 0);
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;

/**
 * Normalises `bytes[start..end)`, which begins with a slash and holds no query, into `out`.
 *
 * @param rules of `pathRules`
 * @returns PATH_UNCHANGED where the path is in normal form already (nothing is written), PATH_BAD
 * where it must be refused (malformed `%`, `%00`, `%0A`, `%0D`, a backslash, `..` above the root; `%5C`
 * and what is only refused by strict rules), else the count of bytes written to `out`, which must have
 * room for `end - start`
 */
export function normalizePath(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  rules: number,
): number {
  if (isNormal(bytes, start, end)) return PATH_UNCHANGED;
  let length = 0;
  let at = start;
  while (at < end) {
    // One segment with its leading slash, unreserved octets decoded.
    const segment = length;
    out[length++] = SLASH;
    at++;
    while (at < end && bytes[at] !== SLASH) {
      const byte = bytes[at]!;
      if (byte === BACKSLASH) return PATH_BAD;
      if (byte !== PERCENT) {
        out[length++] = byte;
        at++;
        continue;
      }
      const octet = at + 2 < end ? (hexValue(bytes[at + 1]!) << 4) | hexValue(bytes[at + 2]!) : -1;
      if (octet <= 0 || octet === 0x0a || octet === 0x0d) return PATH_BAD;
      if (octet === BACKSLASH && (rules & ENCODED_BACKSLASH) === 0) return PATH_BAD;
      if (isUnreserved(octet)) {
        out[length++] = octet;
      } else {
        out[length++] = PERCENT;
        out[length++] = bytes[at + 1]!;
        out[length++] = bytes[at + 2]!;
      }
      at += 3;
    }
    if ((rules & STRICT) !== 0 && isAmbiguous(out, segment + 1, length)) return PATH_BAD;
    const bytesIn = length - segment - 1;
    if (bytesIn === 1 && out[segment + 1] === DOT) {
      length = segment;
      if (at >= end) out[length++] = SLASH;
    } else if (bytesIn === 2 && out[segment + 1] === DOT && out[segment + 2] === DOT) {
      if (segment === 0) return PATH_BAD;
      length = segment - 1;
      while (length > 0 && out[length] !== SLASH) length--;
      if (at >= end) out[length++] = SLASH;
    }
  }
  if (length === 0) out[length++] = SLASH;
  return length;
}

/** True where there is nothing to decode, resolve or refuse. */
function isNormal(bytes: Uint8Array, start: number, end: number): boolean {
  let before = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === PERCENT || byte === BACKSLASH || (byte === DOT && before === SLASH)) return false;
    before = byte;
  }
  return true;
}

/**
 * True where a segment, its unreserved octets decoded, is a dot segment for whom takes parameters off it
 * (`..;a`, `.%3B`), or holds an octet that is encoded twice (`%252e`).
 */
function isAmbiguous(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && at - start < 2 && bytes[at] === DOT) at++;
  if (at > start && at < end && (bytes[at] === SEMICOLON || isEncoded(bytes, at, end, SEMICOLON)))
    return true;
  for (let i = start; i + 4 < end; i++) {
    if (!isEncoded(bytes, i, end, PERCENT)) continue;
    if (hexValue(bytes[i + 3]!) >= 0 && hexValue(bytes[i + 4]!) >= 0) return true;
  }
  return false;
}

/** True where `octet` stands percent-encoded at `at`. */
function isEncoded(bytes: Uint8Array, at: number, end: number, octet: number): boolean {
  if (bytes[at] !== PERCENT || at + 2 >= end) return false;
  return ((hexValue(bytes[at + 1]!) << 4) | hexValue(bytes[at + 2]!)) === octet;
}

/** RFC 3986 §2.3. */
function isUnreserved(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === DOT ||
    byte === 0x5f ||
    byte === 0x7e
  );
}

/** Value of a hex digit, or a large negative number that makes any sum with it negative. */
function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  if (lower >= 0x61 && lower <= 0x66) return lower - 0x57;
  return -0x1000;
}
