// Paths of the API, and what cannot be the id of anything.

import { expect, it } from "vitest";

import { Router } from "../../../control/http/router.ts";
import type { Refusal } from "../../../control/refusal.ts";

const router = new Router([
  { method: "GET", path: "/things", handler: "list" },
  { method: "POST", path: "/things", handler: "add" },
  { method: "GET", path: "/things/{id}", handler: "get" },
  { method: "POST", path: "/things/{id}/stop", handler: "stop" },
  { method: "GET", path: "/api.json", handler: "api" },
]);

function refusal(method: string, path: string): Refusal {
  try {
    router.match(method, path);
  } catch (error) {
    return error as Refusal;
  }
  throw new Error("it was not refused");
}

it("finds the operation, and HEAD where GET is", () => {
  expect(router.match("GET", "/things")).toEqual({ handler: "list", id: "" });
  expect(router.match("HEAD", "/things")).toEqual({ handler: "list", id: "" });
  expect(router.match("GET", "/things/a%2Fb")).toEqual({ handler: "get", id: "a/b" });
  expect(router.match("POST", "/things/x/stop")).toEqual({ handler: "stop", id: "x" });
});

it("answers 405 with what is allowed, 404 where there is nothing", () => {
  expect(refusal("PUT", "/things")).toMatchObject({
    status: 405,
    fields: { Allow: "GET, HEAD, POST" },
  });
  for (const path of ["/", "/thing", "/things/", "/things/a/b", "/apixjson", "/THINGS"]) {
    expect(refusal("GET", path).status, path).toBe(404);
  }
});

it.each([
  "%2e%2e%2fetc",
  "..%2F..%2Fx",
  "..",
  ".",
  "a%2F..%2Fb",
  "a%00b",
  "a%0Ab",
  "a%5Cb",
  "%zz",
  "%",
  "%ff",
  "%D0%B0dmin",
  "a%20b",
  "x".repeat(300),
  `a-%2F${"x".repeat(3000)}`,
])("refuses %s as an id", (segment) => {
  expect(refusal("GET", `/things/${segment}`).status).toBe(400);
});
