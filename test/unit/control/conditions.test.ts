// If-Match and If-None-Match: RFC 9110 §13.1, RFC 6585 §3.

import { expect, it } from "vitest";

import { demand, demandNew, etagOf, isUnchanged } from "../../../control/conditions.ts";
import type { Refusal } from "../../../control/refusal.ts";

const etag = etagOf("content");
const conditions = (ifMatch?: string, ifNoneMatch?: string) => ({ ifMatch, ifNoneMatch });

function statusOf(act: () => void): number {
  try {
    act();
    return 200;
  } catch (error) {
    return (error as Refusal).status;
  }
}

it("gives strong tags of the content", () => {
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(etagOf("content")).toBe(etag);
  expect(etagOf("other")).not.toBe(etag);
});

it("lets a write through that knows what is there", () => {
  for (const list of [etag, "*", `"x", ${etag}`, ` ${etag} `]) {
    expect(statusOf(() => demand(conditions(list), etag, true))).toBe(200);
  }
  expect(statusOf(() => demand(conditions(), etag, false))).toBe(200);
});

it("refuses one that knows something else, and tells what is there", () => {
  for (const list of ['"x"', `W/${etag}`, "", etag.slice(1, -1)]) {
    expect(statusOf(() => demand(conditions(list), etag, false))).toBe(412);
  }
  try {
    demand(conditions('"x"'), etag, false);
  } catch (error) {
    expect((error as Refusal).fields).toEqual({ ETag: etag });
  }
  expect(statusOf(() => demand(conditions(undefined, "*"), etag, false))).toBe(412);
});

it("refuses one that knows nothing where that is required", () => {
  expect(statusOf(() => demand(conditions(), etag, true))).toBe(428);
  expect(statusOf(() => demandNew(conditions(), () => etag, true))).toBe(428);
});

it("lets something new be made by who knows the list, or says that it must be new", () => {
  expect(statusOf(() => demandNew(conditions(etag), () => etag, true))).toBe(200);
  expect(statusOf(() => demandNew(conditions(undefined, "*"), () => etag, true))).toBe(200);
  expect(statusOf(() => demandNew(conditions('"x"'), () => etag, true))).toBe(412);
});

it("answers that nothing has changed, weakly compared", () => {
  expect(isUnchanged(conditions(undefined, etag), etag)).toBe(true);
  expect(isUnchanged(conditions(undefined, `W/${etag}`), etag)).toBe(true);
  expect(isUnchanged(conditions(undefined, "*"), etag)).toBe(true);
  expect(isUnchanged(conditions(undefined, '"x"'), etag)).toBe(false);
  expect(isUnchanged(conditions(), etag)).toBe(false);
});
