/**
 * Path parameters as field values: what `:id` matched, decoded.
 */
import { isUtf8 } from "node:buffer";

import type { Matcher } from "./match.ts";

const NO_PARAMETERS: readonly string[] = [];

/**
 * The values of the last match's parameters: percent-decoded; one that would be no legal field value
 * stays encoded.
 *
 * @returns undefined where a value is not UTF-8: the request must be refused
 */
export function parameterValues(matcher: Matcher, path: Buffer): readonly string[] | undefined {
  if (matcher.parameters === 0) return NO_PARAMETERS;
  const values: string[] = [];
  for (let i = 0; i < matcher.parameters; i++) {
    const raw = path.subarray(matcher.parameterStart[i]!, matcher.parameterEnd[i]!);
    const decoded = decode(raw);
    if (!isUtf8(decoded)) return undefined;
    values.push(isFieldValue(decoded) ? decoded.toString("utf8") : raw.toString("latin1"));
  }
  return values;
}

/** The path is in normal form, so every "%" begins an octet. */
function decode(raw: Buffer): Buffer {
  if (!raw.includes(0x25)) return raw;
  const decoded = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === 0x25) {
      decoded[length++] = (hexValue(raw[i + 1]!) << 4) | hexValue(raw[i + 2]!);
      i += 2;
    } else {
      decoded[length++] = raw[i]!;
    }
  }
  return decoded.subarray(0, length);
}

/** No control characters, no white space at its ends, not empty. */
function isFieldValue(value: Buffer): boolean {
  if (value.length === 0 || value[0] === 0x20 || value[value.length - 1] === 0x20) return false;
  for (const byte of value) if (byte < 0x20 || byte === 0x7f) return false;
  return true;
}

/** Of a digit that is one. */
function hexValue(digit: number): number {
  return digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57;
}
