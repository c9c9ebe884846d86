/**
 * Request parts: header fields and a query written as texts, laid out in bytes as a request has them,
 * so that whoever asks the matcher about a request that nobody sent goes the data plane's way.
 */
import type { PredicateInput } from "./request-values.ts";

/** A request's fields and query in one array of bytes. */
export interface RequestParts {
  head: Uint8Array;
  input: PredicateInput;
}

/**
 * @param fields names and values, both UTF-8; white space around a value is left out
 * @param query without "?"; "" where there is none
 */
export function requestParts(
  fields: readonly (readonly [name: string, value: string])[],
  query = "",
): RequestParts {
  const texts = [
    ...fields.flatMap(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, "")]),
    query,
  ];
  const head = Buffer.from(texts.join(""));
  const offsets = new Int32Array(texts.length + 1);
  texts.forEach((text, index) => (offsets[index + 1] = offsets[index]! + Buffer.byteLength(text)));
  const count = fields.length;
  const every = (first: number) =>
    Int32Array.from({ length: count }, (_, i) => offsets[i * 2 + first]!);
  return {
    head,
    input: {
      fields: {
        count,
        nameStart: every(0),
        nameEnd: every(1),
        valueStart: every(1),
        valueEnd: every(2),
      },
      queryStart: offsets[count * 2]!,
      queryEnd: offsets[count * 2 + 1]!,
    },
  };
}
