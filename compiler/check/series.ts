/**
 * Series: labels of metrics are counted apart for each route and backend, and there is room for so many.
 */
import { SERIES_MAX, type Settings } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { NamedPoolDraft } from "../resolve/pool.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { Span } from "../source-text.ts";

/** Warns where a single kind of answer of each backend of each route is more than is counted. */
export function checkSeries(
  services: readonly ServiceDraft[],
  pools: ReadonlyMap<string | undefined, NamedPoolDraft>,
  { metricsEnabled }: Settings,
  at: Span,
  log: DiagnosticLog,
): void {
  if (!metricsEnabled) return;
  let count = 0;
  for (const { target } of services) {
    const pool = "backends" in target ? target : pools.get(target.pool?.value);
    count += pool?.backends.length ?? 0;
  }
  if (count > SERIES_MAX) log.report("BAL5017", at, { count, limit: SERIES_MAX });
}
