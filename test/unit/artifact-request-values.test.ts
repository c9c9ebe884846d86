// What predicates see of a request's fields and query.

import { expect, test } from "vitest";

import { encode } from "../../artifact/encode.ts";
import type { Predicate, PredicateKind } from "../../artifact/model.ts";
import { requestParts } from "../../artifact/request-parts.ts";
import { RequestValues } from "../../artifact/request-values.ts";
import { openArtifact } from "../../artifact/view.ts";
import { modelOf, route } from "../fixtures/artifact-model.ts";

function asks(subject: Predicate["subject"], name: string, kind: PredicateKind, value = "") {
  const predicates: Predicate[] = [{ subject, name, kind, value }];
  const values = new RequestValues(
    openArtifact(encode(modelOf([{ ...route("ANY a /"), predicates }]))),
  );
  return (fields: [string, string][], query = ""): boolean => {
    const { head, input } = requestParts(fields, query);
    values.begin(head, input);
    return values.hold(0);
  };
}

test("a field is found in any case, and no other one", () => {
  const isThere = asks("header", "x-team", "present");
  expect(isThere([["X-Team", "a"]])).toBe(true);
  expect(isThere([["x-TEAM", ""]])).toBe(true);
  expect(isThere([["x_team", "a"]])).toBe(false);
  expect(isThere([["x-teams", "a"]])).toBe(false);
  expect(isThere([["x", "x-team"]])).toBe(false);
  expect(isThere([], "x-team=a")).toBe(false);
});

test("exact, prefix and regex look at the whole value, as it is written", () => {
  const exact = asks("header", "x", "exact", "abc");
  expect(["abc", "ABC", "ab", "abcd", ""].map((value) => exact([["x", value]]))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  const prefix = asks("header", "x", "prefix", "ab");
  expect(["ab", "abc", "a", "cab"].map((value) => prefix([["x", value]]))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const regex = asks("header", "x", "regex", "a[0-9]+");
  expect(["a1", "a12", "a", "xa1", "a1x"].map((value) => regex([["x", value]]))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("a field that is not there meets nothing but its absence", () => {
  for (const kind of ["exact", "prefix", "regex", "present"] as const) {
    expect(asks("header", "x", kind, kind === "regex" ? ".*" : "")([["y", "a"]])).toBe(false);
  }
  expect(asks("header", "x", "absent")([["y", "a"]])).toBe(true);
  expect(asks("header", "x", "absent")([["X", ""]])).toBe(false);
});

test("an empty value is a value", () => {
  expect(asks("header", "x", "exact", "")([["x", ""]])).toBe(true);
  expect(asks("header", "x", "exact", "")([])).toBe(false);
  expect(asks("query", "x", "exact", "")([], "x")).toBe(true);
  expect(asks("query", "x", "exact", "")([], "x=")).toBe(true);
  expect(asks("query", "x", "exact", "")([], "y=")).toBe(false);
});

test("lines of one name are one list: neither of two values is the value", () => {
  const twice: [string, string][] = [
    ["X-Team", "a"],
    ["other", "c"],
    ["x-team", "b"],
  ];
  expect(asks("header", "x-team", "exact", "a")(twice)).toBe(false);
  expect(asks("header", "x-team", "exact", "b")(twice)).toBe(false);
  expect(asks("header", "x-team", "exact", "a, b")(twice)).toBe(true);
  expect(asks("header", "x-team", "prefix", "a")(twice)).toBe(true);
  expect(asks("header", "x-team", "regex", "(?:.*, )?b(?:, .*)?")(twice)).toBe(true);
});

test("of several lines the empty ones do not count", () => {
  const lines = (...values: string[]) => values.map((value): [string, string] => ["x", value]);
  const exact = asks("header", "x", "exact", "a");
  expect(exact(lines("", "a", ""))).toBe(true);
  expect(exact(lines("a", "", "b"))).toBe(false);
  expect(asks("header", "x", "exact", "a, b")(lines("a", "", "b"))).toBe(true);
  expect(asks("header", "x", "exact", "")(lines("", ""))).toBe(true);
});

test("the first occurrence of a parameter counts, decoded", () => {
  const exact = asks("query", "q", "exact", "a b");
  expect(exact([], "q=a%20b")).toBe(true);
  expect(exact([], "x=1&q=a%20b&q=c")).toBe(true);
  expect(exact([], "q=c&q=a%20b")).toBe(false);
  expect(exact([], "&&q=a%20b")).toBe(true);
  expect(exact([], "%71=a b")).toBe(true);
  expect(exact([], "qq=a%20b")).toBe(false);
  expect(exact([], "q=a+b")).toBe(false);
  expect(asks("query", "q", "exact", "a+b")([], "q=a+b")).toBe(true);
  expect(asks("query", "q", "exact", "a=b=c")([], "q=a=b%3Dc")).toBe(true);
  expect(asks("query", "a&b", "exact", "ä")([], "a%26b=%C3%A4")).toBe(true);
});

test("a % that begins no octet stands for itself", () => {
  expect(asks("query", "q", "exact", "%zz%4")([], "q=%zz%4")).toBe(true);
  expect(asks("query", "%", "present")([], "%&q=1")).toBe(true);
  expect(asks("query", "q", "exact", "%4")([], "q=%4&1=1")).toBe(true);
});

test("a long value put together does not leak into the next request", () => {
  const exact = asks("query", "q", "exact", "aaaa");
  expect(exact([], `q=%61${"a".repeat(5_000)}`)).toBe(false);
  expect(exact([], "q=%61aaa")).toBe(true);
});
