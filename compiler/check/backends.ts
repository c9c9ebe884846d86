/**
 * Backends of a pool: two that are one, none that is in traffic, a port without a meaning.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PoolDraft } from "../resolve/pool.ts";

/** Warns of backends that are not what they look like. */
export function checkBackends({ at, backends }: PoolDraft, log: DiagnosticLog): void {
  const urls = new Map<string, PoolDraft["backends"][number]>();
  for (const backend of backends) {
    const { url, unusedPort } = backend;
    if (unusedPort !== undefined) {
      const reason = "the name is that of a service, which gives ports of its own";
      log.report("BAL5008", unusedPort, { key: "the port", reason, help: "leave it out" });
    }
    if (url === undefined) continue;
    const first = urls.get(url);
    if (first === undefined) urls.set(url, backend);
    else
      log.report("BAL5005", backend.at, { url }, [{ message: "first given here", span: first.at }]);
  }
  if (backends.length > 0 && !backends.some(({ enabled }) => enabled)) {
    log.report("BAL5011", at, { backends: backends.length });
  }
}
