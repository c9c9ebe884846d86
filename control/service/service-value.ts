/**
 * A service as it is written: the keys of its mapping. What is given by a client becomes one of these;
 * what a client is given is made of one.
 */
import { isDeepStrictEqual } from "node:util";

import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import { portsOf } from "../../artifact/service-resource.ts";
import { bundle } from "../../schema/schemas.ts";
import type { Plain } from "../yaml/reshape.ts";

export interface ServiceValue {
  [key: string]: Plain;
}

/** The keys of a service in their usual order. */
export const SERVICE_KEYS: readonly string[] = Object.keys(
  bundle("service").definitions?.["service"]?.properties ?? {},
);

/** What the API adds to a service, and ignores when it is sent back. */
const OWN_KEYS = ["id", "created_at", "updated_at"];

/** The domains in canonical form, sorted; those that are none are left out. */
export function domainsOf({ domain, domains }: ServiceValue): string[] {
  const texts = [domain, ...(Array.isArray(domains) ? domains : [])];
  const canonical = texts.map(canonicalDomain).filter((text) => text !== undefined);
  return [...new Set(canonical)].toSorted();
}

/** The backends in the short form of `ports`, whichever form they are written in. */
export function shortPorts({ ports, backends }: ServiceValue): string[] {
  if (Array.isArray(ports)) return ports.map(portText);
  const urls = (Array.isArray(backends) ? backends : []).flatMap((backend) => {
    const url = isMapping(backend) ? backend["url"] : undefined;
    return typeof url === "string" ? [url] : [];
  });
  return portsOf(urls);
}

/**
 * What a client sent, as it would be written. A client may send back what it was given: then `domain`
 * and `ports` say again what `domains` and `backends` do.
 */
export function valueFrom(sent: ServiceValue): ServiceValue {
  const value = Object.fromEntries(Object.entries(sent).filter(([key]) => !OWN_KEYS.includes(key)));
  const { domain, domains, ports, backends } = value;
  if (Array.isArray(domains) && domain !== undefined) {
    if (domainsOf({ domains })[0] === canonicalDomain(domain)) delete value["domain"];
  }
  if (Array.isArray(backends) && Array.isArray(ports)) {
    if (isDeepStrictEqual(shortPorts({ backends }), ports.map(portText))) delete value["ports"];
  }
  return inUsualOrder(value);
}

/** The keys of a service in their usual order; those that no service has come last. */
export function inUsualOrder(value: ServiceValue): ServiceValue {
  const known = SERVICE_KEYS.filter((key) => Object.hasOwn(value, key));
  const unknown = Object.keys(value).filter((key) => !SERVICE_KEYS.includes(key));
  return Object.fromEntries([...known, ...unknown].map((key) => [key, value[key] ?? null]));
}

/** RFC 7396: null removes a key, mappings are merged, everything else is put in place. */
export function mergePatch(target: Plain | undefined, patch: Plain): Plain {
  if (!isMapping(patch)) return patch;
  const merged: Record<string, Plain> = isMapping(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/**
 * The new value in the words of the old one where both mean the same, so that nothing is rewritten
 * that has not changed: `8081` and `"8081"` are one port, and hosts have no case.
 */
export function inWordsOf(old: ServiceValue, value: ServiceValue): ServiceValue {
  const next = { ...value };
  if (canonicalDomain(old["domain"]) === canonicalDomain(next["domain"])) {
    if (old["domain"] !== undefined) next["domain"] = old["domain"];
  }
  const [oldPorts, ports] = [old["ports"], next["ports"]];
  if (Array.isArray(oldPorts) && Array.isArray(ports)) {
    const numbers = oldPorts.some((port) => typeof port === "number");
    next["ports"] = ports.map((port) => {
      const same = oldPorts.find((other) => portText(other) === portText(port));
      if (same !== undefined) return same;
      return numbers && typeof port === "string" && /^[1-9][0-9]{0,4}$/.test(port)
        ? Number(port)
        : port;
    });
  }
  return next;
}

export function isMapping(value: Plain | undefined): value is { [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `8081` and `"8081"` are one port; what is no port at all stays for the compiler to refuse. */
function portText(port: Plain): string {
  return typeof port === "object" ? JSON.stringify(port) : String(port);
}

function canonicalDomain(value: Plain | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  const domain = parseDomain(value);
  return typeof domain === "string" ? undefined : formatDomain(domain);
}
