/** A pattern of a model, which the compiler has read before. */
import { EncodeError } from "../encode-error.ts";
import { parsePattern, type Pattern } from "../pattern.ts";

/** @throws EncodeError for a text that is none */
export function readPattern(text: string): Pattern {
  const pattern = parsePattern(text);
  if ("reason" in pattern) throw new EncodeError(`pattern ${text} ${pattern.reason}`);
  return pattern;
}
