/**
 * Field copy: how fields of a head go on. Those that stand as they should are copied in runs, one copy
 * for as many as follow each other; one with odd white space is written anew.
 *
 * Whoever writes a head goes through its fields in their order and keeps where the run begins that
 * reaches up to the next field; which fields go on is for the caller to say.
 */
import type { FieldList } from "./fields.ts";
import { CRLF, type Output } from "./output.ts";

/** No run has begun. */
export const NO_RUN = -1;

/**
 * Field `i` goes on.
 *
 * @param run where the run begins that reaches up to the field, or NO_RUN
 * @returns the same for the next field
 */
export function keepField(
  output: Output,
  bytes: Buffer,
  fields: FieldList,
  i: number,
  run: number,
): number {
  if (fields.isTidy(i)) return run === NO_RUN ? fields.nameStart[i]! : run;
  endRun(output, bytes, fields, i, run);
  output.copy(bytes, fields.nameStart[i]!, fields.nameEnd[i]!);
  output.put(SEPARATOR);
  output.copy(bytes, fields.valueStart[i]!, fields.valueEnd[i]!);
  output.put(CRLF);
  return NO_RUN;
}

/**
 * Field `i` does not go on as it stands: copies the run before it, where there is one. Behind the last
 * field it is called once more.
 *
 * @returns NO_RUN
 */
export function endRun(
  output: Output,
  bytes: Buffer,
  fields: FieldList,
  i: number,
  run: number,
): number {
  if (run !== NO_RUN) output.copy(bytes, run, fields.lineEnd[i - 1]!);
  return NO_RUN;
}

const SEPARATOR = Buffer.from(": ");
