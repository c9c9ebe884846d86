/**
 * Paths: what is matched is what is sent.
 *
 * A request's path is brought into its normal form before it is matched (RFC 3986 §6.2.2): unreserved
 * characters are decoded, dot segments are resolved, percent-encoded dots included. `%2F` never
 * separates. Empty segments stay; the matcher passes over them.
 */

/** Results of `normalizePath` other than a length. */
export const PATH_UNCHANGED = -1;
export const PATH_BAD = -2;

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;

/**
 * Normalises `bytes[start..end)`, which begins with a slash and holds no query, into `out`.
 *
 * @returns PATH_UNCHANGED where the path is in normal form already (nothing is written), PATH_BAD
 * where it must be refused (malformed `%`, `%00`, `%0A`, `%0D`, `%5C`, a backslash, `..` above the
 * root), else the count of bytes written to `out`, which must have room for `end - start`
 */
export function normalizePath(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
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
      if (octet <= 0 || octet === 0x0a || octet === 0x0d || octet === BACKSLASH) return PATH_BAD;
      if (isUnreserved(octet)) {
        out[length++] = octet;
      } else {
        out[length++] = PERCENT;
        out[length++] = bytes[at + 1]!;
        out[length++] = bytes[at + 2]!;
      }
      at += 3;
    }
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
