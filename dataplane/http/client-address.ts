/**
 * Client address: who a request comes from where trusted proxies stand in between. Each of them has
 * appended the address it was spoken to from, so the list is read from its end for as long as the
 * address that is speaking is a trusted one; what others say is not believed.
 */
import { isIP } from "node:net";

import { COMMA, latin1 } from "./bytes.ts";
import { FIELD } from "./fields.ts";
import type { RequestHead } from "./request-head.ts";

/** Whose forwarding fields are believed. */
export interface Trust {
  trusts(peer: string): boolean;
}

/** The address of the client, or of the last hop that can be told. `bytes` is what `head` was parsed from. */
export function clientAddress(
  bytes: Buffer,
  { fields }: RequestHead,
  peer: string,
  trust: Trust,
): string {
  let address = peer;
  if (!trust.trusts(address)) return address;
  for (let i = fields.count - 1; i >= 0; i--) {
    if (fields.kind[i] !== FIELD.FORWARDED_FOR) continue;
    const start = fields.valueStart[i]!;
    let end = fields.valueEnd[i]!;
    while (end > start) {
      let from = end;
      while (from > start && bytes[from - 1] !== COMMA) from--;
      const entry = plainAddress(latin1(bytes, from, end).trim());
      if (entry === "") return address;
      address = entry;
      if (!trust.trusts(address)) return address;
      end = from - 1;
    }
  }
  return address;
}

/** An entry without its port and brackets; "" where it is no address. */
function plainAddress(entry: string): string {
  if (isIP(entry) !== 0) return entry.startsWith("::ffff:") ? entry.slice(7) : entry;
  const match = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/.exec(entry);
  const address = match?.[1] ?? match?.[2] ?? "";
  return isIP(address) === 0 ? "" : address;
}
