// Networks: whether an address lies in a list of CIDRs.

import { expect, test } from "vitest";

import { Networks } from "../../../dataplane/networks.ts";

test("no network is no list", () => {
  expect(Networks.of([])).toBeUndefined();
});

test.each([
  ["10.1.2.3", true],
  ["11.0.0.1", false],
  ["192.0.2.7", true],
  ["192.0.2.8", false],
  ["fd00::1", true],
  ["fe80::1%eth0", true],
  ["fe81::1", false],
  ["2001:db8::1", false],
])("%s is %s, asked once or twice", (address, expected) => {
  const networks = Networks.of(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "fe80::/16"])!;
  expect(networks.has(address)).toBe(expected);
  expect(networks.has(address)).toBe(expected);
});
