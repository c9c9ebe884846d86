/**
 * Source lines and paths made safe to show: they may hold an escape sequence, which a terminal would
 * obey, or a control of the writing's direction, which would show another text than the file holds.
 * (Messages are cleaned by diagnostic-log.ts, where they are made.)
 */

const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u;
const UNSAFE_ALL = new RegExp(UNSAFE.source, "gu");

export function isUnsafe(character: string): boolean {
  return UNSAFE.test(character);
}

/** What must not be shown as it is stands as an escape, `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNSAFE_ALL, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
