import { expect, test } from "vitest";

import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import { HOST_ANY, HOST_EXACT, HOST_WILDCARD } from "../../artifact/layout.ts";

test.each([
  ["*", { kind: HOST_ANY, name: "" }],
  ["api.example.com", { kind: HOST_EXACT, name: "api.example.com" }],
  ["API.Example.COM", { kind: HOST_EXACT, name: "api.example.com" }],
  ["localhost", { kind: HOST_EXACT, name: "localhost" }],
  ["_dmarc.example.com", { kind: HOST_EXACT, name: "_dmarc.example.com" }],
  ["xn--caf-dma.example", { kind: HOST_EXACT, name: "xn--caf-dma.example" }],
  ["10.0.0.7", { kind: HOST_EXACT, name: "10.0.0.7" }],
  ["[::1]", { kind: HOST_EXACT, name: "[::1]" }],
  ["[2001:DB8::1]", { kind: HOST_EXACT, name: "[2001:db8::1]" }],
  ["*.Example.com", { kind: HOST_WILDCARD, name: "example.com" }],
  ["*.com", { kind: HOST_WILDCARD, name: "com" }],
])("%s is read, and written back in lower case", (text, domain) => {
  expect(parseDomain(text)).toEqual(domain);
  expect(formatDomain(domain as never)).toBe(text.toLowerCase());
});

test.each([
  ["", "not a host name"],
  ["*.", "not a host name"],
  ["*.*.example.com", "not a whole leading label"],
  ["a.*.com", "not a whole leading label"],
  ["a*.example.com", "not a whole leading label"],
  ["**", "not a whole leading label"],
  ["example.com:8080", "has a port"],
  ["[::1]:8080", "has a port"],
  ["http://example.com", "more than a host name"],
  ["http://example.com:80", "more than a host name"],
  ["example.com/api", "more than a host name"],
  ["example.com.", "ends in a dot"],
  ["::1", "IPv6 address without its brackets"],
  ["café.example", "not ASCII"],
  // U+212A KELVIN SIGN: its lower case is an ASCII k.
  ["\u212Aelvin.example", "not ASCII"],
  ["exa mple.com", "not a host name"],
  ["-a.example.com", "not a host name"],
  ["a..example.com", "not a host name"],
  ["256.0.0.1", "not a host name"],
  ["1.2.3", "not a host name"],
  ["010.0.0.1", "not a host name"],
  ["[::1", "not a host name"],
  ["[:::1]", "not a host name"],
  ["*.[::1]", "not a host name"],
  [`${"a".repeat(64)}.com`, "not a host name"],
  ["a.".repeat(127).slice(0, -1).concat("bc"), "not a host name"],
])("%s is refused", (text, reason) => {
  expect(parseDomain(text)).toContain(reason);
});
