/**
 * Field lines: the part of parsing that requests and responses share, RFC 9112 §5.
 */
import { COLON, CR, FIELD_VALUE, HTAB, LF, SP, TOKEN } from "./bytes.ts";
import type { FieldList } from "./fields.ts";

/** The head is not complete; call again with more bytes behind the same ones. */
export const NEED_MORE = 0;
/** The head breaks the grammar. */
export const BAD = -400;
/** The head has more fields than it may. */
export const TOO_MANY_FIELDS = -431;

/**
 * Reads field lines from `at` up to and including the empty line.
 *
 * Strict where smuggling begins: CRLF only, no folding, no space before the colon, no control bytes.
 *
 * @returns the offset behind the empty line, or NEED_MORE, BAD, TOO_MANY_FIELDS
 */
export function readFieldLines(
  bytes: Uint8Array,
  at: number,
  end: number,
  fields: FieldList,
): number {
  fields.clear();
  for (;;) {
    if (at >= end) return NEED_MORE;
    if (bytes[at] === CR) {
      if (at + 1 >= end) return NEED_MORE;
      return bytes[at + 1] === LF ? at + 2 : BAD;
    }
    const nameStart = at;
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    if (at === end) return NEED_MORE;
    if (bytes[at] !== COLON || at === nameStart) return BAD;
    const nameEnd = at++;
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const valueStart = at;
    while (at < end && FIELD_VALUE[bytes[at]!] === 1) at++;
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? BAD : NEED_MORE;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return BAD;
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB))
      valueEnd--;
    at += 2;
    if (fields.count === fields.max) return TOO_MANY_FIELDS;
    if (!fields.add(bytes, nameStart, nameEnd, Math.min(valueStart, valueEnd), valueEnd, at))
      return BAD;
  }
}
