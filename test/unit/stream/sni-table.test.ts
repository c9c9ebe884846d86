// SNI table: names lead where domains of services would.

import { expect, test } from "vitest";

import { SniTable } from "../../../dataplane/stream/sni-table.ts";

const table = new SniTable([
  { names: ["a.example.com", "*.example.com"], target: 1 },
  { names: ["*.b.example.com"], target: 2 },
  { names: ["b.example.com"], target: 3 },
]);

test.each([
  ["a.example.com", 1],
  ["x.example.com", 1],
  ["x.y.example.com", 1],
  ["x.b.example.com", 2],
  ["x.y.b.example.com", 2],
  ["b.example.com", 3],
  ["example.com", undefined],
  ["xexample.com", undefined],
  ["a.example.com.evil", undefined],
  ["", undefined],
])("%s leads to %s", (name, target) => {
  expect(table.find(name)).toBe(target);
});
