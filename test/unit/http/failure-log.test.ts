/** Failure log: floods of failures become few lines that lose no count. */
import { expect, test } from "vitest";

import { FailureLog, type RequestFailure } from "../../../dataplane/http/failure-log.ts";

const failure = (cause: string, service = "api"): RequestFailure => ({
  side: "backend",
  cause,
  attempts: 1,
  backend: "http://b:1",
  breaker: "closed",
  service,
  route: "/*",
  status: 502,
  request_id: "",
});

function setUp() {
  const log = new FailureLog<RequestFailure>(({ service }) => service);
  const lines: [cause: string, failures: number][] = [];
  log.tell = ({ cause, failures }) => void lines.push([cause, failures]);
  return { log, told: () => lines.splice(0) };
}

test("the first of a kind is told at once, the others together with the next a second later", () => {
  const { log, told } = setUp();
  for (let n = 0; n < 500; n++) log.report(n, failure("reset"));
  expect(told()).toEqual([["reset", 1]]);
  log.report(999, failure("reset"));
  expect(told()).toEqual([]);
  log.report(1_000, failure("reset"));
  expect(told()).toEqual([["reset", 501]]);
});

test("what fails in another way or elsewhere is told for itself", () => {
  const { log, told } = setUp();
  log.report(0, failure("reset"));
  log.report(1, failure("timeout"));
  log.report(2, failure("reset", "other"));
  expect(told().map(([cause]) => cause)).toEqual(["reset", "timeout", "reset"]);
});

test("however many services fail at once, there are twenty lines a second", () => {
  const { log, told } = setUp();
  for (let n = 0; n < 10_000; n++) log.report(0, failure("reset", `service ${n}`));
  expect(told().length).toBe(20);
  log.report(1_000, failure("reset", "service 5"));
  expect(told().length).toBe(1);
});
