/**
 * Bytes: the character classes of HTTP/1.1 as tables, and comparisons on bytes in place.
 */

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const QUESTION = 0x3f;

/** tchar, RFC 9110 §5.6.2. */
export const TOKEN: Uint8Array = table((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(chr(byte)));

/** What a field value may hold: VCHAR, SP, HTAB and obs-text, RFC 9110 §5.5. */
export const FIELD_VALUE: Uint8Array = table(
  (byte) => byte === HTAB || (byte >= SP && byte !== 0x7f),
);

/**
 * What a request target may hold. Wider than RFC 3986 by `"<>^{|}` and the grave accent, which
 * browsers send; without space, controls, bytes from 0x80, "#" and the backslash.
 */
export const TARGET: Uint8Array = table(
  (byte) => byte > SP && byte < 0x7f && chr(byte) !== "#" && chr(byte) !== "\\",
);

/** What the host of a Host field may hold where it is not a bracketed IPv6 address. */
export const HOST_NAME: Uint8Array = table((byte) => /[A-Za-z0-9\-._~]/.test(chr(byte)));

/** Lower case for ASCII letters, "-" for "_", everything else as it is. */
export const FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte | 0x20;
  return chr(byte) === "_" ? 0x2d : byte;
});

/** True where `bytes[start..end)`, folded, is `name`, which is folded already. */
export function equalsFolded(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (FOLD[bytes[start + i]!] !== name[i]) return false;
  }
  return true;
}

/** True where the bytes from `start` are `name` as they stand. */
export function equals(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (bytes[start + i] !== name[i]) return false;
  }
  return true;
}

/** Digits to a number; -1 for no digits, anything else among them, or more than 2^53 − 1. */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Value of a hex digit, -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function table(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(holds(byte)));
}

function chr(byte: number): string {
  return String.fromCharCode(byte);
}

/** A range as text, a character for each byte. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}
