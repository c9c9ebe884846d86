/**
 * Backends that nobody may register by API: link-local addresses and what clouds keep the secrets of
 * their machines behind. Names that resolve there are the data plane's to refuse when it connects.
 */
import { BlockList, isIP } from "node:net";

import { parseBackendUrl } from "../../artifact/address.ts";
import { fillReferences, parseReferences } from "../../artifact/reference.ts";
import type { ServiceValue } from "./service-value.ts";
import { isMapping } from "./service-value.ts";

/** The backends of a service, as written, that are refused, those of `allowed` left out. */
export function forbiddenBackends(value: ServiceValue, allowed: ServiceValue = {}): string[] {
  const known = backendTexts(allowed);
  return backendTexts(value).filter((text) => !known.includes(text) && isForbidden(text));
}

/** True for the text of a port or a URL whose host is a link-local or metadata address. */
export function isForbidden(text: string): boolean {
  const host = hostOf(text);
  if (host === undefined) return false;
  if (METADATA_NAMES.has(host.replace(/\.$/, ""))) return true;
  const address = canonicalAddress(host);
  return address !== undefined && isForbiddenAddress(address);
}

function backendTexts({ ports, backends }: ServiceValue): string[] {
  const short = Array.isArray(ports) ? ports : [];
  const full = Array.isArray(backends)
    ? backends.map((backend) => (isMapping(backend) ? backend["url"] : undefined))
    : [];
  return [...short, ...full].filter((text) => typeof text === "string");
}

/** The host as it would be without its environment: what a reference falls back to. */
function hostOf(text: string): string | undefined {
  const parts = parseReferences(text);
  if (!Array.isArray(parts)) return undefined;
  const filled = fillReferences(parts, () => undefined);
  const plain = "value" in filled ? filled.value : text.replaceAll(/\$\{[^}]*\}/g, "1");
  const address = parseBackendUrl(plain.includes("://") ? plain : `http://${plain}`);
  return typeof address === "string" ? undefined : address.host.toLowerCase();
}

/**
 * The address that a system's resolver makes of a host, undefined for a name. URLs are read the same
 * way: `0xa9fea9fe` is an address, too.
 */
function canonicalAddress(host: string): string | undefined {
  if (isIP(host) !== 0) return host;
  try {
    const { hostname } = new URL(`http://${host}/`);
    return isIP(hostname) === 0 ? undefined : hostname;
  } catch {
    return undefined;
  }
}

function isForbiddenAddress(address: string): boolean {
  if (isIP(address) === 4) return FORBIDDEN.check(address, "ipv4");
  if (FORBIDDEN.check(address, "ipv6")) return true;
  const inside = embeddedIpv4(address);
  return inside !== undefined && FORBIDDEN.check(inside, "ipv4");
}

const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet("169.254.0.0", 16, "ipv4");
FORBIDDEN.addSubnet("fe80::", 10, "ipv6");
// Metadata services outside of link-local: AWS, Google, Alibaba, Oracle, Azure.
FORBIDDEN.addAddress("fd00:ec2::254", "ipv6");
FORBIDDEN.addAddress("fd20:ce::254", "ipv6");
FORBIDDEN.addAddress("100.100.100.200", "ipv4");
FORBIDDEN.addAddress("192.0.0.192", "ipv4");
FORBIDDEN.addAddress("168.63.129.16", "ipv4");

const METADATA_NAMES = new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "instance-data",
  "instance-data.ec2.internal",
]);

/** The IPv4 address in an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  const [a, b] = groups;
  const zeros = (from: number, to: number): boolean =>
    groups.slice(from, to).every((group) => group === 0);
  const from =
    a === 0x2002
      ? 1
      : (zeros(0, 5) && (groups[5] === 0xffff || groups[5] === 0)) ||
          (zeros(0, 4) && groups[4] === 0xffff && groups[5] === 0) ||
          (a === 0x64 && b === 0xff9b)
        ? 6
        : undefined;
  if (from === undefined) return undefined;
  const pair = groups.slice(from, from + 2);
  return pair.flatMap((group) => [group >> 8, group & 0xff]).join(".");
}

/** The eight groups of an IPv6 address; the URL parser knows every way to write one. */
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((group) => parseInt(group, 16));
}
