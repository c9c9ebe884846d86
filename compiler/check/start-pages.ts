/**
 * Start pages: a host that is put together of several paths, none of which is `/`, as browsers and monitors
 * ask for it. A host with a single path is an API with a prefix, or the like, and known to be.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { Hosts } from "../hosts.ts";
import type { ServiceDraft } from "../resolve/service.ts";
import type { Span } from "../source-text.ts";
import { firstOfFiles } from "./first-of-files.ts";

/** By domain such a host, and where it is named first. */
export type PagelessHosts = ReadonlyMap<string, Span>;

/**
 * Warns of such hosts, once a file, at the first of them that it names; of the others it says how many.
 *
 * @param hosts those that have to be looked at
 * @param known those of the others that are such
 * @returns all that are
 */
export function checkStartPages(
  hosts: Hosts,
  known: PagelessHosts,
  log: DiagnosticLog,
): PagelessHosts {
  const found = new Map(known);
  for (const [domain, services] of hosts) {
    const at = pagelessAt(domain, services);
    if (at !== undefined) found.set(domain, at);
  }
  const places = [...found].map(([domain, at]) => ({ domain, at }));
  for (const { domain, at, more } of firstOfFiles(places)) {
    log.report("BAL5015", at, { domain, request: `GET http://${domain}/`, more });
  }
  return found;
}

/** Where such a host is named first; undefined for any other. */
function pagelessAt(domain: string, services: readonly ServiceDraft[]): Span | undefined {
  // Any host, and those below a name, are what is left: nobody expects a page there.
  if (domain.startsWith("*")) return undefined;
  const gets = services.filter(({ methods }) => methods.length === 0 || methods.includes("GET"));
  const [first] = gets;
  const isSeveral = gets.some(({ pattern }) => pattern?.text !== first?.pattern?.text);
  if (first === undefined || !isSeveral) return undefined;
  if (gets.some(({ pattern }) => pattern?.parsed.segments.length === 0)) return undefined;
  return first.domainsAt[first.domains.indexOf(domain)];
}
