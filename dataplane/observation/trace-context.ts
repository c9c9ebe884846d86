/**
 * Trace context: the field `traceparent`, W3C Trace Context level 2 §3.2.
 */
import { DIGIT_VALUES, hexWord, NO_DIGIT } from "./hex.ts";

/** Flags of a trace. */
export const SAMPLED = 1;
/** The trace's id is random (level 2 §4.2). */
export const RANDOM = 2;

/** `00-<32>-<16>-<2>`. */
const LENGTH = 55;
const DASH = 0x2d;

/**
 * Reads the value of a `traceparent`: into six words from `at` on, four of the trace and two of the span
 * that the request comes from.
 *
 * @returns its flags; -1 where it is none, and then the words mean nothing
 */
export function readTraceParent(
  bytes: Uint8Array,
  start: number,
  end: number,
  words: Int32Array,
  at: number,
): number {
  const length = end - start;
  if (length < LENGTH) return -1;
  const version = hexByte(bytes, start);
  if (version === -1 || version === 0xff) return -1;
  // Later versions may say more behind what is known.
  if (length > LENGTH && (version === 0 || bytes[start + LENGTH] !== DASH)) return -1;
  const hasDashes =
    bytes[start + 2] === DASH && bytes[start + 35] === DASH && bytes[start + 52] === DASH;
  if (!hasDashes) return -1;
  if (!readWords(bytes, start + 3, words, at, 4)) return -1;
  if (!readWords(bytes, start + 36, words, at + 4, 2)) return -1;
  return hexByte(bytes, start + 53);
}

/** False where one is no word, or where all are zero, which stands for nothing. */
function readWords(
  bytes: Uint8Array,
  start: number,
  words: Int32Array,
  at: number,
  count: number,
): boolean {
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const word = hexWord(bytes, start + i * 8);
    if (word === undefined) return false;
    words[at + i] = word;
    bits |= word;
  }
  return bits !== 0;
}

/** The value of two lower-case digits, -1 for anything else. */
function hexByte(bytes: Uint8Array, at: number): number {
  const high = DIGIT_VALUES[bytes[at]!]!;
  const low = DIGIT_VALUES[bytes[at + 1]!]!;
  return high === NO_DIGIT || low === NO_DIGIT ? -1 : high * 16 + low;
}
