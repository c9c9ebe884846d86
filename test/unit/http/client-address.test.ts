/** Client address: as far as the hops can be believed, and no further. */
import { expect, test } from "vitest";

import { clientAddress } from "../../../dataplane/http/client-address.ts";
import { parsed } from "./heads.ts";

const TRUSTED = new Set(["10.0.0.1", "10.0.0.2", "fd00::1"]);
const trust = { trusts: (peer: string) => TRUSTED.has(peer) };

function address(peer: string, ...fields: string[]): string {
  const { head, bytes } = parsed(fields.map((value) => `X-Forwarded-For: ${value}`));
  return clientAddress(bytes, head, peer, trust);
}

test.each([
  ["a peer that is not trusted speaks for itself", "192.0.2.9", ["198.51.100.1"], "192.0.2.9"],
  ["a trusted peer is believed", "10.0.0.1", ["198.51.100.1"], "198.51.100.1"],
  ["only the last entry is", "10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"],
  ["unless it is trusted, too", "10.0.0.1", ["1.1.1.1, 198.51.100.1,10.0.0.2"], "198.51.100.1"],
  ["entries go on over fields", "10.0.0.1", ["9.9.9.9, 198.51.100.1", "10.0.0.2"], "198.51.100.1"],
  ["trusted ones all the way: the first", "10.0.0.1", ["10.0.0.2, fd00::1"], "10.0.0.2"],
  ["no list", "10.0.0.1", [], "10.0.0.1"],
  ["nonsense ends it", "10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"],
  ["nonsense behind a trusted hop", "10.0.0.1", ["_hidden, 10.0.0.2"], "10.0.0.2"],
  ["an empty entry ends it", "10.0.0.1", ["198.51.100.1, "], "10.0.0.1"],
  ["a port is taken off", "10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"],
  ["brackets, too", "10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"],
  ["IPv6 as it stands", "10.0.0.1", ["2001:db8::7"], "2001:db8::7"],
  ["IPv4 in IPv6", "10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"],
])("%s", (_, peer, fields, expected) => {
  expect(address(peer, ...fields)).toBe(expected);
});
