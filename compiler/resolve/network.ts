/**
 * Networks: `10.0.0.0/8`, `fd00::/8`, or a single address, in one canonical form.
 */
import { isHost } from "../../artifact/address.ts";

/** Why a text is no network. */
export interface NetworkFault {
  reason: string;
  hint: string | undefined;
}

/** The network as `address/prefix`, lower-case and shortened; a single address gets its full prefix. */
export function parseNetwork(text: string): string | NetworkFault {
  const [address, prefixText, ...rest] = text.split("/") as [string, string?, ...string[]];
  const groups = addressGroups(address);
  if (groups === undefined || rest.length > 0) return fault("is not an address or a network");
  const groupBits = groups.length === 4 ? 8 : 16;
  const bits = groups.length * groupBits;
  if (prefixText !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(prefixText)) {
    return fault(`has a prefix "${prefixText}" that is not a number`);
  }
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return fault(`has a prefix longer than ${bits}`);
  const network = groups.map((group, index) => {
    const kept = Math.max(0, Math.min(groupBits, prefix - index * groupBits));
    return group & ~((1 << (groupBits - kept)) - 1);
  });
  const canonical = `${format(network)}/${prefix}`;
  if (network.some((group, index) => group !== groups[index])) {
    return fault(
      `has bits beyond its prefix of ${prefix}`,
      `write ${canonical}, or ${format(groups)}/${bits}`,
    );
  }
  return canonical;
}

/** Whether the whole of a network lies in another; both as `parseNetwork` gives them. */
export function isWithin(network: string, outer: string): boolean {
  const [address = "", prefix = ""] = network.split("/");
  const [base = "", length = ""] = outer.split("/");
  const bits = bitsOf(address);
  const outerBits = bitsOf(base);
  if (bits.length !== outerBits.length || Number(prefix) < Number(length)) return false;
  return bits.startsWith(outerBits.slice(0, Number(length)));
}

function bitsOf(address: string): string {
  const groups = addressGroups(address) ?? [];
  const width = groups.length === 4 ? 8 : 16;
  return groups.map((group) => group.toString(2).padStart(width, "0")).join("");
}

/** Four groups of 8 bits or eight of 16; undefined where the text is no address. */
export function addressGroups(text: string): number[] | undefined {
  return ipv4Groups(text) ?? ipv6Groups(text);
}

function ipv4Groups(text: string): number[] | undefined {
  return /^[0-9.]+$/.test(text) && isHost(text) ? text.split(".").map(Number) : undefined;
}

/** Eight groups; the URL parser is what knows every way to write an IPv6 address. */
function ipv6Groups(text: string): number[] | undefined {
  if (!isHost(`[${text}]`)) return undefined;
  const [head, tail] = shorten(text).split("::") as [string, string?];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((group) => parseInt(group, 16));
}

function shorten(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}

function format(groups: readonly number[]): string {
  if (groups.length === 4) return groups.join(".");
  return shorten(groups.map((group) => group.toString(16)).join(":"));
}

function fault(reason: string, hint?: string): NetworkFault {
  return { reason, hint };
}
