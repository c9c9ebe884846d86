/**
 * Start pages: a host that is put together of several paths, none of which is `/`, as browsers and monitors
 * ask for it. A host with a single path is an API with a prefix, or the like, and known to be.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { Span } from "../source-text.ts";

/** Thousands of them would hide everything else. */
const FILES_MAX = 20;

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
  const byFile = new Map<string, { domain: string; at: Span; more: number }>();
  for (const [domain, { at, isSeveral, hasRoot }] of hosts) {
    if (hasRoot || !isSeveral) continue;
    const found = byFile.get(at.source.path);
    if (found === undefined) byFile.set(at.source.path, { domain, at, more: 0 });
    else found.more++;
  }
  const found = [...byFile.values()];
  const shown = found.slice(0, FILES_MAX);
  const last = shown.at(-1);
  for (const { more } of found.slice(FILES_MAX)) last!.more += 1 + more;
  for (const { domain, at, more } of shown) {
    log.report("BAL5015", at, { domain, request: `GET http://${domain}/`, more });
  }
}
