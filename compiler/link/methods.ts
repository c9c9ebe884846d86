/**
 * Methods: the artifact keeps a route's methods as bits of one number, so a tree has few of them.
 */
import { METHODS_MAX } from "../../artifact/layout.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ServiceDraft } from "../resolve/service.ts";

/** Reports the first method beyond what an artifact can hold. */
export function linkMethods(services: readonly ServiceDraft[], log: DiagnosticLog): void {
  const methods = new Set<string>();
  for (const service of services) {
    if (service.methods.length === 0) continue;
    for (const method of service.methods) {
      methods.add(method);
      if (methods.size <= METHODS_MAX) continue;
      log.report("BAL4004", service.methodsAt, { method });
      return;
    }
  }
}
