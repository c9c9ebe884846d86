/**
 * Check: a tree that is right can still be a mistake. Warnings only.
 */
import type { DiagnosticLog } from "./diagnostic-log.ts";
import type { ConfigFile } from "./parse/collect-files.ts";
import type { ResolvedTree } from "./resolve/resolve.ts";
import type { ServiceDraft } from "./resolve/service.ts";
import { SourceText } from "./source-text.ts";

/** Warns of what is allowed and probably not meant. */
export function check(tree: ResolvedTree, files: readonly ConfigFile[], log: DiagnosticLog): void {
  const [first] = files;
  const enabled = tree.services.filter((service) => service.enabled);
  if (first !== undefined && enabled.length === 0 && !log.hasErrors) {
    log.report("BAL5002", new SourceText(first.path, "").top, { disabled: tree.services.length });
  }
  for (const service of enabled) {
    checkRepeats(service, log);
    checkWeights(service, tree.algorithm, log);
  }
}

function checkRepeats({ backends }: ServiceDraft, log: DiagnosticLog): void {
  const urls = new Map<string, ServiceDraft["backends"][number]>();
  for (const backend of backends) {
    const { url, at } = backend;
    if (url === undefined) continue;
    const first = urls.get(url);
    if (first === undefined) urls.set(url, backend);
    else log.report("BAL5005", at, { url }, [{ message: "first given here", span: first.at }]);
  }
}

function checkWeights(
  { backends }: ServiceDraft,
  algorithm: ResolvedTree["algorithm"],
  log: DiagnosticLog,
): void {
  if (algorithm === "weighted-rr") return;
  const [first] = backends;
  const uneven = backends.find(({ weight }) => weight !== first?.weight);
  const weighted = uneven && backends.find((backend) => backend.weighted);
  if (weighted !== undefined) log.report("BAL5006", weighted.at, { algorithm });
}
