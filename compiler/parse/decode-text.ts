/**
 * Bytes to text: UTF-8 without a byte order mark and without control characters, or an error at the
 * place where it is not.
 */
import { isUtf8 } from "node:buffer";

import type { DiagnosticLog } from "../diagnostic-log.ts";
import { SourceText } from "../source-text.ts";

/** The text of a file, or undefined after an error. */
export function decodeText(
  path: string,
  bytes: Uint8Array,
  log: DiagnosticLog,
): SourceText | undefined {
  if (isUtf16(bytes)) {
    log.report("BAL1012", new SourceText(path, "").top, {});
    return undefined;
  }
  const bad = isUtf8(bytes) ? -1 : firstBadByte(bytes);
  if (bad !== -1) {
    const source = new SourceText(path, decoder.decode(bytes.subarray(0, bad)));
    const start = source.text.length;
    log.report("BAL1010", { source, start, end: start }, { byte: bytes[bad]! });
    return undefined;
  }
  const source = new SourceText(path, decoder.decode(bytes));
  if (source.text.startsWith("\ufeff")) {
    log.report("BAL1011", { source, start: 0, end: 1 }, {});
    return undefined;
  }
  const control = NOT_YAML.exec(source.text);
  if (control !== null) {
    const start = control.index;
    const character = `U+${control[0].charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`;
    log.report("BAL1013", { source, start, end: start + 1 }, { character });
    return undefined;
  }
  return source;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What YAML 1.2 §5.1 leaves out of c-printable, and a byte order mark in the middle. */
const NOT_YAML =
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufeff\ufffe\uffff]/;

/** By its mark, or by the NUL that every other byte of its first letters is. */
function isUtf16(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  return (
    (a === 0) !== (b === 0) &&
    (c === 0) === (a === 0) &&
    (d === 0) === (b === 0) &&
    bytes.length >= 4
  );
}

/** Offset of the first byte that no UTF-8 sequence holds at its place (Unicode table 3-7), or -1. */
function firstBadByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const more =
      lead >= 0xc2 && lead <= 0xdf
        ? 1
        : lead >= 0xe0 && lead <= 0xef
          ? 2
          : lead >= 0xf0 && lead <= 0xf4
            ? 3
            : 0;
    if (more === 0) return at;
    // Overlong forms, surrogates and values beyond U+10FFFF show in the second byte.
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    const second = bytes[at + 1];
    if (second === undefined || second < low || second > high) return at;
    for (let i = 2; i <= more; i++) {
      const next = bytes[at + i];
      if (next === undefined || next < 0x80 || next > 0xbf) return at;
    }
    at += more + 1;
  }
  return -1;
}
