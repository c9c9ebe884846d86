/**
 * Via: how often a message has come past somebody, RFC 9110 §7.6.3. A member of the field is a version,
 * white space, who received it, and maybe a comment in brackets, which may hold commas.
 */

const HTAB = 0x09;
const SPACE = 0x20;
const QUOTED_PAIR = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;

/** How many members of the value `bytes[start..end)` were received by `name`, in any case. */
export function viaHops(bytes: Uint8Array, start: number, end: number, name: Uint8Array): number {
  let hops = 0;
  let at = start;
  while (at < end) {
    at = skipSpace(bytes, at, end);
    while (at < end && !endsWord(bytes[at]!)) at++;
    at = skipSpace(bytes, at, end);
    const from = at;
    while (at < end && !endsWord(bytes[at]!)) at++;
    if (isName(bytes, from, at, name)) hops++;
    at = behindMember(bytes, at, end);
  }
  return hops;
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === HTAB)) at++;
  return at;
}

function endsWord(byte: number): boolean {
  return byte === SPACE || byte === HTAB || byte === COMMA || byte === OPEN;
}

/** Behind the next comma that stands in no comment. */
function behindMember(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTED_PAIR && depth > 0) at++;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && depth > 0) depth--;
    else if (byte === COMMA && depth === 0) return at + 1;
  }
  return end;
}

function isName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (lower(bytes[start + i]!) !== lower(name[i]!)) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
