/**
 * Parameters: at one position of one host a parameter has one name, or the value of `X-Param-id`
 * would depend on which service happens to win.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { PatternDraft, ServiceDraft } from "../resolve/service.ts";

/** Reports parameters that another service names differently. */
export function linkParameters(services: readonly ServiceDraft[], log: DiagnosticLog): void {
  const names = new Map<string, { name: string; pattern: PatternDraft }>();
  for (const { domains, pattern } of services) {
    if (pattern === undefined) continue;
    const told = new Set<string>();
    let prefix = "/";
    for (const { kind, text } of pattern.parsed.segments) {
      if (kind === "literal") {
        prefix += `${text}/`;
        continue;
      }
      for (const domain of domains) {
        const key = domain + prefix;
        const first = names.get(key);
        if (first === undefined) names.set(key, { name: text, pattern });
        // One note a position is enough, however many hosts the two services share.
        if (first === undefined || first.name === text || told.has(prefix)) continue;
        told.add(prefix);
        const params = { domain, prefix, name: text, other: first.name };
        const note = { message: `":${first.name}" is here`, span: first.pattern.at };
        log.report("BAL4003", pattern.at, params, [note]);
      }
      prefix += ":/";
    }
  }
}
