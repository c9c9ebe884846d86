/**
 * Hexadecimal: words of 32 bits as eight lower-case digits, into bytes or as a text.
 */

/** The digits. */
export const HEX_TEXT = "0123456789abcdef";

/** Both digits of a byte: the first one low. */
const DIGITS: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, "0");
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/** Writes a word's eight digits; returns where they end. */
export function writeHex(bytes: Uint8Array, at: number, word: number): number {
  for (let shift = 24; shift >= 0; shift -= 8) {
    const digits = DIGITS[(word >>> shift) & 0xff]!;
    bytes[at++] = digits & 0xff;
    bytes[at++] = digits >> 8;
  }
  return at;
}

/** The digits of several words. */
export function hexTexts(words: Int32Array, from: number, to: number): string {
  let end = 0;
  for (let i = from; i < to; i++) end = writeHex(SCRATCH, end, words[i]!);
  return SCRATCH.toString("latin1", 0, end);
}

/** Room for the words of a trace. */
const SCRATCH = Buffer.alloc(32);

/** The word of eight lower-case digits; undefined for anything else. */
export function hexWord(bytes: Uint8Array, at: number): number | undefined {
  let word = 0;
  for (let i = 0; i < 8; i++) {
    const digit = DIGIT_VALUES[bytes[at + i]!]!;
    if (digit === NO_DIGIT) return undefined;
    word = (word << 4) | digit;
  }
  return word;
}

/** Stands for what is no digit. */
export const NO_DIGIT = 255;
/** Upper case is no digit: trace contexts know only lower case. */
export const DIGIT_VALUES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = HEX_TEXT.indexOf(String.fromCharCode(byte));
  return digit === -1 ? NO_DIGIT : digit;
});
