/**
 * Series: labels of metrics are counted apart for each route and backend, and there is room for so many.
 */
import { SERIES_MAX, type Settings } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { NamedPoolDraft } from "../resolve/pool.ts";
import type { ServiceSums } from "../resolve/sums.ts";
import type { Span } from "../source-text.ts";

/** Warns where a single kind of answer of each backend of each route is more than is counted. */
export function checkSeries(
  sums: readonly ServiceSums[],
  pools: ReadonlyMap<string | undefined, NamedPoolDraft>,
  { metricsEnabled }: Settings,
  at: Span,
  log: DiagnosticLog,
): void {
  if (!metricsEnabled) return;
  let count = 0;
  for (const { backends, referring } of sums) {
    count += backends;
    for (const { enabled, target } of referring) {
      if (!enabled || "backends" in target) continue;
      count += pools.get(target.pool?.value)?.backends.length ?? 0;
    }
  }
  if (count > SERIES_MAX) log.report("BAL5017", at, { count, limit: SERIES_MAX });
}
