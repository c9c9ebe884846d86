/**
 * An inversion: a limit that can never be reached, because another one always is before.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Span } from "../source-text.ts";

export interface Inversion {
  key: string;
  ms: number;
  /** The limit that is reached first. */
  other: string;
  limitMs: number;
  /** What follows. */
  what: string;
}

/** Reports that `key` is longer than makes sense. */
export function reportInversion(
  log: DiagnosticLog,
  at: Span,
  { key, ms, other, limitMs, what }: Inversion,
): void {
  const params = { key, value: formatMs(ms), other, limit: formatMs(limitMs), what };
  log.report("BAL5009", at, params);
}

/** A time as somebody would write it: `1m30s`, `250ms`. */
function formatMs(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), "h"],
    [Math.floor(ms / 60_000) % 60, "m"],
    [Math.floor(ms / 1_000) % 60, "s"],
    [ms % 1_000, "ms"],
  ] as const;
  const text = parts.flatMap(([count, unit]) => (count === 0 ? [] : `${count}${unit}`)).join("");
  return text === "" ? "0s" : text;
}
