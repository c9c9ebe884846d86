/**
 * Host cells: all hosts, divided into classes that some domains do not tell apart, each with a host that
 * stands for it. A class is what a domain covers and no closer one does.
 */
import { HOST_ANY, HOST_EXACT } from "../../artifact/layout.ts";
import { type Domain, formatDomain } from "../../artifact/domain.ts";

export interface HostCell {
  /** The closest domain of the hosts in this class. */
  domain: string;
  /** One of them. */
  host: string;
}

/** The classes, in the order of their domains. Hosts that no domain covers are in none. */
export function hostCells(domains: Iterable<Domain>): HostCell[] {
  const all = new Map([...domains].map((domain) => [formatDomain(domain), domain]));
  return [...all].map(([text, { kind, name }]) => {
    if (kind === HOST_EXACT) return { domain: text, host: name };
    const below = kind === HOST_ANY ? "" : `.${name}`;
    // A name of one label is below no wildcard.
    let host = `any${below}`;
    for (let n = 2; all.has(host) || all.has(`*.${host}`); n++) host = `any${n}${below}`;
    return { domain: text, host };
  });
}
