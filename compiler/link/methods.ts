/**
 * Methods: the artifact keeps a route's methods as bits of one number, so a tree has few of them.
 */
import { METHODS_MAX } from "../../artifact/layout.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ResolvedTree } from "../resolve/resolve.ts";

/** Reports the first method beyond what an artifact can hold. */
export function linkMethods({ sums, services }: ResolvedTree, log: DiagnosticLog): void {
  if (new Set(sums.flatMap((one) => one.methods)).size <= METHODS_MAX) return;
  const methods = new Set<string>();
  for (const service of services()) {
    if (!service.enabled) continue;
    for (const method of service.methods) {
      methods.add(method);
      if (methods.size <= METHODS_MAX) continue;
      log.report("BAL4004", service.methodsAt, { method });
      return;
    }
  }
}
