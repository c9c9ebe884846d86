import { expect, test } from "vitest";

import { formatBackendUrl, parseBackendUrl, parseListenAddress } from "../../artifact/address.ts";

test.each([
  [":5500", { host: "", port: 5500 }],
  ["5500", { host: "", port: 5500 }],
  ["0", { host: "", port: 0 }],
  ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }],
  ["localhost:65535", { host: "localhost", port: 65535 }],
  ["[::1]:5500", { host: "::1", port: 5500 }],
])("%s is an address to listen on", (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each([
  ["", "is not host:port"],
  ["localhost", "is not host:port"],
  [":", "is not host:port"],
  ["::1:5500", "is not host:port"],
  [":-1", "is not host:port"],
  [":80 ", "is not host:port"],
  [":65536", "is not a port"],
  [":99999999999999999999", "is not a port"],
  ["a b:80", "is not a host name"],
  ["[x]:80", "is not a host name"],
])('"%s" is no address to listen on', (text, reason) => {
  expect(parseListenAddress(text)).toContain(reason);
});

test.each([
  ["http://localhost:8080", "http", "localhost", 8080, "", "http://localhost:8080"],
  ["http://localhost", "http", "localhost", 80, "", "http://localhost:80"],
  ["HTTPS://API.Example.com/", "https", "api.example.com", 443, "", "https://api.example.com:443"],
  ["http://10.0.0.7:1/base/", "http", "10.0.0.7", 1, "/base", "http://10.0.0.7:1/base"],
  ["http://[::1]:8080/a//b///", "http", "::1", 8080, "/a//b", "http://[::1]:8080/a//b"],
  ["http://a/caf%C3%A9", "http", "a", 80, "/caf%C3%A9", "http://a:80/caf%C3%A9"],
  ["TCP://Redis.internal:6379/", "tcp", "redis.internal", 6379, "", "tcp://redis.internal:6379"],
  ["udp://[::1]:53", "udp", "::1", 53, "", "udp://[::1]:53"],
  ["tcp://_redis._tcp.a", "tcp", "_redis._tcp.a", 0, "", "tcp://_redis._tcp.a"],
])("%s is a backend's URL", (text, scheme, host, port, path, canonical) => {
  const address = parseBackendUrl(text);
  expect(address).toEqual({ scheme, host, port, path });
  if (typeof address === "string") throw new Error(address);
  expect(formatBackendUrl(address)).toBe(canonical);
  expect(parseBackendUrl(canonical)).toEqual(address);
});

test.each([
  ["", "is not a URL"],
  ["localhost:8080", "is not a URL"],
  ["//localhost", "is not a URL"],
  ["ftp://localhost", 'the scheme "ftp" is not http, https, tcp or udp'],
  ["http://user:pass@localhost", "user name or password"],
  ["http://localhost?a=1", "it has a query"],
  ["http://localhost/a#b", "it has a fragment"],
  ["http://", "it has no host"],
  ["http://:80", "it has no host"],
  ["http://a b/", "is not a host name"],
  ["http://a\\b/", "is not a host name"],
  ["http://[::1/", "is not host or host:port"],
  ["http://a:b/", "is not host or host:port"],
  ["http://a:/", "is not a port"],
  ["http://a:0", "is not a port"],
  ["http://a:65536", "is not a port"],
  ["tcp://a", "it has no port"],
  ["udp://a:0", "is not a port"],
  ["tcp://a:1/b", "has the path"],
  ["tcp://a:1?b", "it has a query"],
  ["http://a/b c", "must be percent-encoded"],
  ["http://a/%zz", "must be percent-encoded"],
  ["http://a/é", "must be percent-encoded"],
])('"%s" is no backend\'s URL', (text, reason) => {
  expect(parseBackendUrl(text)).toContain(reason);
});

test("a path of a million slashes takes no time", () => {
  const start = performance.now();
  parseBackendUrl(`http://a${"/".repeat(1_000_000)}b`);
  expect(performance.now() - start).toBeLessThan(1_000);
});
