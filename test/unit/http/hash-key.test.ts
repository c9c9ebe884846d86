/** Hash key: the same key, the same hash; and a request without one goes by its address. */
import { expect, test } from "vitest";

import { keyHash } from "../../../artifact/hash.ts";
import type { HashSource } from "../../../artifact/model.ts";
import { HashKey } from "../../../dataplane/http/hash-key.ts";
import { parsed } from "./heads.ts";

const PEER = "192.0.2.1";
const trust = { trusts: (peer: string) => peer === "10.0.0.1" };
const hash = (text: string): number => keyHash(Buffer.from(text, "latin1"));

function keyed(
  by: HashSource,
  name: string,
  fields: readonly string[],
  target = "/",
  peer = PEER,
): number {
  const { head, bytes } = parsed(fields, target);
  const { pathStart, pathEnd } = head;
  return new HashKey({ by, name }).of(
    bytes,
    head,
    { path: bytes, pathStart, pathEnd, peer },
    trust,
  );
}

test("by address: the peer's, or that of the client behind a trusted proxy", () => {
  expect(keyed("source-ip", "", [])).toBe(hash(PEER));
  expect(keyed("source-ip", "", ["X-Forwarded-For: 198.51.100.1"])).toBe(hash(PEER));
  expect(keyed("source-ip", "", ["X-Forwarded-For: 198.51.100.1"], "/", "10.0.0.1")).toBe(
    hash("198.51.100.1"),
  );
});

test("by header, whatever the case of its name", () => {
  for (const name of ["X-User", "x-user", "X-USER"]) {
    expect(keyed("header", "X-User", ["A: b", `${name}: anna`])).toBe(hash("anna"));
  }
  expect(keyed("header", "Authorization", ["Authorization: Bearer x"])).toBe(hash("Bearer x"));
  expect(keyed("header", "X-User", ["X-User:", "X-User:  ben "])).toBe(hash("ben"));
});

test("by cookie, whose name has a case", () => {
  expect(keyed("cookie", "sid", ["Cookie: a=1; sid=42"])).toBe(hash("42"));
  expect(keyed("cookie", "sid", ["Cookie: SID=42"])).toBe(hash(PEER));
});

test("by path, without the query", () => {
  expect(keyed("path", "", [], "/a/b?c=d")).toBe(hash("/a/b"));
});

test.each([
  ["/?user=7", "7"],
  ["/x?a=1&user=7&user=8", "7"],
  ["/x?user=a%20b", "a%20b"],
  ["/x?user=a=b", "a=b"],
  ["/x?xuser=1&user=2", "2"],
  ["/x?user&user=3", "3"],
  ["/x?user=&user=4", "4"],
  ["/x?&&user=5&", "5"],
])("by parameter: %s is %s", (target, expected) => {
  expect(keyed("query", "user", [], target)).toBe(hash(expected));
});

test.each<[HashSource, string, string]>([
  ["header", "X-User", "/"],
  ["header", "X-Empty", "/"],
  ["cookie", "sid", "/"],
  ["cookie", "empty", "/"],
  ["query", "user", "/"],
  ["query", "user", "/?"],
  ["query", "user", "/?user"],
  ["query", "user", "/?user="],
  ["query", "user", "/user=1"],
])("a request without its %s %s (%s) goes by its address", (by, name, target) => {
  expect(keyed(by, name, ["X-Empty:", "Cookie: empty="], target)).toBe(hash(PEER));
});
