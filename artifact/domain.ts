/**
 * Domains: `api.example.com`, `*.example.com` (any host below it), `*` (any host at all).
 */
import { isHost } from "./address.ts";
import { HOST_ANY, HOST_EXACT, HOST_WILDCARD } from "./layout.ts";

/** A domain taken apart: `name` is lower-case, without the `*.` of a wildcard, "" for `*`. */
export interface Domain {
  kind: typeof HOST_EXACT | typeof HOST_WILDCARD | typeof HOST_ANY;
  name: string;
}

/** Reads a domain; a text is the reason why it is none. */
export function parseDomain(text: string): Domain | string {
  if (text === "*") return { kind: HOST_ANY, name: "" };
  const wildcard = text.startsWith("*.");
  // oxlint-disable-next-line no-control-regex -- the range is the point: anything beyond ASCII
  if (/[^\x00-\x7f]/.test(text))
    return "is not ASCII; write an international name in its xn-- form";
  const name = (wildcard ? text.slice(2) : text).toLowerCase();
  if (name.includes("*"))
    return 'has a "*" that is not a whole leading label, as in "*.example.com"';
  const inBrackets = name.startsWith("[");
  if (name.includes("/")) return "is more than a host name";
  if (inBrackets ? name.includes("]:") : /^[^:]*:[0-9]+$/.test(name))
    return "has a port; hosts are matched without one";
  if (!inBrackets && /:.*:/.test(name)) return "is an IPv6 address without its brackets";
  if (name.endsWith(".")) return "ends in a dot; hosts are matched without it";
  if (!isHost(name) || (wildcard && inBrackets)) return "is not a host name or an address";
  return { kind: wildcard ? HOST_WILDCARD : HOST_EXACT, name };
}

/** The text of a domain, as `parseDomain` reads it. */
export function formatDomain(domain: Domain): string {
  if (domain.kind === HOST_ANY) return "*";
  return domain.kind === HOST_WILDCARD ? `*.${domain.name}` : domain.name;
}
