/**
 * Names: a service's name is its identity across reloads, so it is there once.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ServiceDraft, ServiceName } from "../resolve/service.ts";

/** Reports names that are taken by enabled services. `clashes` are services whose route is taken, by `linkRoutes`. */
export function linkNames(
  services: readonly ServiceDraft[],
  clashes: ReadonlySet<ServiceDraft>,
  log: DiagnosticLog,
): void {
  const taken = new Map<string, ServiceName>();
  for (const service of services) {
    const { name, enabled } = service;
    if (name === undefined || !enabled) continue;
    const first = taken.get(name.text);
    if (first === undefined) {
      taken.set(name.text, name);
      continue;
    }
    // Names made of the same domain and pattern: that these are the same is what is wrong.
    if (!name.given && !first.given && clashes.has(service)) continue;
    const params = { name: name.text, given: name.given };
    log.report("BAL4001", name.at, params, [{ message: "first named here", span: first.at }]);
  }
}
