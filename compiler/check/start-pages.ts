/**
 * Start pages: a host that is put together of several paths, none of which is `/`, as browsers and monitors
 * ask for it. A host with a single path is an API with a prefix, or the like, and known to be.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { Span } from "../source-text.ts";
import { firstOfFiles } from "./first-of-files.ts";

/** Warns of such hosts, once a file, at the first of them that it names; of the others it says how many. */
export function checkStartPages(services: readonly ServiceDraft[], log: DiagnosticLog): void {
  const hosts = new Map<
    string,
    { at: Span; pattern: string; isSeveral: boolean; hasRoot: boolean }
  >();
  for (const { pattern, domains, domainsAt, methods } of services) {
    if (methods.length > 0 && !methods.includes("GET")) continue;
    if (pattern === undefined) continue;
    const isRoot = pattern.parsed.segments.length === 0;
    for (const [index, domain] of domains.entries()) {
      // Any host, and those below a name, are what is left: nobody expects a page there.
      if (domain.startsWith("*")) continue;
      const known = hosts.get(domain);
      if (known === undefined) {
        hosts.set(domain, {
          at: domainsAt[index]!,
          pattern: pattern.text,
          isSeveral: false,
          hasRoot: isRoot,
        });
      } else {
        known.isSeveral ||= known.pattern !== pattern.text;
        known.hasRoot ||= isRoot;
      }
    }
  }
  const found = [...hosts].flatMap(([domain, { at, isSeveral, hasRoot }]) =>
    hasRoot || !isSeveral ? [] : [{ domain, at }],
  );
  for (const { domain, at, more } of firstOfFiles(found)) {
    log.report("BAL5015", at, { domain, request: `GET http://${domain}/`, more });
  }
}
