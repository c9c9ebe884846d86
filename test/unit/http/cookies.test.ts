/** Cookies: found and taken out where they stand. */
import { expect, test } from "vitest";

import {
  findCookie,
  found,
  holdsCookie,
  writeCookiesWithout,
} from "../../../dataplane/http/cookies.ts";
import { Output } from "../../../dataplane/http/output.ts";
import { parsed } from "./heads.ts";

function value(fields: readonly string[], name: string, nth = 0): string | undefined {
  const { head, bytes } = parsed(fields);
  if (!findCookie(bytes, head.fields, Buffer.from(name), nth)) return undefined;
  return bytes.toString("latin1", found.start, found.end);
}

function without(cookies: string, name: string): string {
  const output = new Output();
  const bytes = Buffer.from(cookies);
  writeCookiesWithout(output, bytes, 0, bytes.length, Buffer.from(name));
  return output.snapshot().toString();
}

test.each([
  ["id=1", "id", "1"],
  ["a=0; id=1; b=2", "id", "1"],
  ["a=0;id=1", "id", "1"],
  [" ; ;a=0 ;\tid=1 ; ", "id", "1"],
  ["id=a=b=c", "id", "a=b=c"],
  ['id="q"', "id", '"q"'],
  ["id=", "id", ""],
  ["id", "id", ""],
  ["xid=1; idx=2; ID=3; id =4", "id", undefined],
  ["a=id=1", "id", undefined],
  ["", "id", undefined],
  ["=id; ;;=", "id", undefined],
])("in %j the cookie %s is %j", (cookies, name, expected) => {
  expect(value([`Cookie: ${cookies}`], name)).toBe(expected);
});

test("all fields are looked at, and a name that is there twice can be read twice", () => {
  const fields = ["Cookie: a=1; b=2", "X: b=9", "cookie: b=3; c=4; b=5"];
  expect([0, 1, 2, 3].map((nth) => value(fields, "b", nth))).toEqual(["2", "3", "5", undefined]);
});

test.each([
  ["id=1", ""],
  ["id=1; id=2", ""],
  ["a=0; id=1", "Cookie: a=0\r\n"],
  ["id=1; a=0", "Cookie: a=0\r\n"],
  ["a=0;id=1;b=2 ; idx=3", "Cookie: a=0; b=2; idx=3\r\n"],
  ["a; id; b=", "Cookie: a; b=\r\n"],
])("of %j without id there is left %j", (cookies, expected) => {
  expect(without(cookies, "id")).toBe(expected);
  const bytes = Buffer.from(cookies);
  expect(holdsCookie(bytes, 0, bytes.length, Buffer.from("id"))).toBe(true);
});
