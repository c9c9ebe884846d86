/** A text inside the quotes of JSON, in ASCII and without control characters. */
export function escapedText(text: string): string {
  return text.replaceAll(SPECIAL, (char) => {
    const code = char.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${code}`;
  });
}

/** All but visible ASCII, and what ends the quotes. */
const SPECIAL = /[^ !#-[\]-~]/g;
