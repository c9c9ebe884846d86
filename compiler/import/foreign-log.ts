/**
 * The log of an import: what is wrong with a file of another program. How a number is written (`2.0`) is
 * that program's business; whoever wants its text reads it where it stands.
 */
import type { Code, Params } from "../codes.ts";
import { DiagnosticLog, type SpanNote } from "../diagnostic-log.ts";
import type { Span } from "../source-text.ts";

export class ForeignLog extends DiagnosticLog {
  override report<C extends Code>(
    code: C,
    at: Span,
    params: Params<C>,
    notes: SpanNote[] = [],
  ): void {
    if (code !== "BAL1030") super.report(code, at, params, notes);
  }
}
