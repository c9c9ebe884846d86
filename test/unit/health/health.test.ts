/** Health: what runs of probes say. */
import { expect, test } from "vitest";

import { Health } from "../../../dataplane/health/health.ts";

const thresholds = { unhealthyThreshold: 3, healthyThreshold: 2 };

/** What each probe of a row (+ good, - bad) says. */
const said = (health: Health, row: string): string[] =>
  row.split("").map((probe) => health.note(probe === "+") ?? "");

test("it is down after exactly so many bad probes in a row, and up after so many good ones", () => {
  const health = new Health(true, thresholds);
  expect(said(health, "---")).toEqual(["", "", "down"]);
  expect(health.isUp).toBe(false);
  expect(said(health, "++")).toEqual(["", "up"]);
  expect(health.isUp).toBe(true);
});

test("a good probe in between begins the count anew, and so does a bad one", () => {
  const health = new Health(true, { unhealthyThreshold: 3, healthyThreshold: 3 });
  expect(said(health, "--+--+--")).toEqual(Array.from({ length: 8 }, () => ""));
  expect(health.isUp).toBe(true);
  expect(said(health, "-++-++-+++").filter(Boolean)).toEqual(["down", "up"]);
});

test("a run says once what it says", () => {
  const health = new Health(true, thresholds);
  expect(said(health, "----------").filter(Boolean)).toEqual(["down"]);
  expect(said(health, "++++++++++").filter(Boolean)).toEqual(["up"]);
});

test("good probes behind a bad one say that it is well, though it was not down", () => {
  const health = new Health(true, thresholds);
  expect(said(health, "++")).toEqual(["", "well"]);
  expect(said(health, "+++++-+++")).toEqual(["", "", "", "", "", "", "", "well", ""]);
});

test("what begins as down comes up after its good probes, and bad ones are told all the same", () => {
  expect(said(new Health(false, thresholds), "++")).toEqual(["", "up"]);
  const health = new Health(false, thresholds);
  expect(said(health, "---")).toEqual(["", "", "down"]);
  expect(health.isUp).toBe(false);
});

test("thresholds of one decide with each probe", () => {
  const health = new Health(true, { unhealthyThreshold: 1, healthyThreshold: 1 });
  expect(said(health, "-+-+")).toEqual(["down", "up", "down", "up"]);
});
