/**
 * Trust: whether a client's address lies in one of the networks whose forwarding fields are believed.
 */
import { addressGroups } from "../resolve/network.ts";

/** True where one of the canonical networks holds the address. */
export function isTrusted(address: string, networks: readonly string[]): boolean {
  const groups = addressGroups(address);
  if (groups === undefined) return false;
  return networks.some((network) => {
    const [base, prefix] = network.split("/") as [string, string];
    const other = addressGroups(base)!;
    if (other.length !== groups.length) return false;
    const bits = groups.length === 4 ? 8 : 16;
    return groups.every((group, index) => {
      const kept = Math.max(0, Math.min(bits, Number(prefix) - index * bits));
      return group >>> (bits - kept) === other[index]! >>> (bits - kept);
    });
  });
}
