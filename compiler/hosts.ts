/**
 * Hosts: the enabled services of a tree by the domains they are for, each list in the order of the files.
 */
import type { ServiceDraft } from "./resolve/service.ts";

export type Hosts = ReadonlyMap<string, readonly ServiceDraft[]>;

/** The hosts of the enabled ones among some services; of those in `only` where it is given. */
export function hostsOf(services: readonly ServiceDraft[], only?: ReadonlySet<string>): Hosts {
  const hosts = new Map<string, ServiceDraft[]>();
  // Neighbours mostly share a domain.
  let domain: string | undefined;
  let list: ServiceDraft[] | undefined;
  for (const service of services) {
    if (!service.enabled) continue;
    for (const text of service.domains) {
      if (text !== domain) {
        domain = text;
        list = hosts.get(text);
        if (list === undefined && only?.has(text) !== false) hosts.set(text, (list = []));
      }
      list?.push(service);
    }
  }
  return hosts;
}
