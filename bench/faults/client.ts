/**
 * Client of the experiments: asks at a fixed rate whatever comes back, on a connection of its own each
 * time, and never asks twice.
 */
import { get } from "node:http";

import { BODY } from "./faults.ts";

/** No answer after so long is none. */
const PATIENCE_MS = 10_000;

/** What became of the requests. */
export interface ClientReport {
  requests: number;
  /** Requests without a whole answer of status 200, by what came instead. */
  errors: Map<string, number>;
  /** Until the answer's last byte, or until it failed, in order. Milliseconds. */
  latenciesMs: number[];
}

/** Asks `perSecond` times a second for so many seconds, and waits for the last answer. */
export async function load(
  port: number,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<ClientReport> {
  const report: ClientReport = { requests: 0, errors: new Map(), latenciesMs: [] };
  const begun = performance.now();
  const pending: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const waitMs = begun + (n * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    pending.push(ask(port, report));
  }
  await Promise.all(pending);
  report.latenciesMs.sort((one, other) => one - other);
  return report;
}

/** The latency that so much of all requests did not exceed. */
export function percentileMs({ latenciesMs }: ClientReport, part: number): number {
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * part))] ?? 0;
}

async function ask(port: number, report: ClientReport): Promise<void> {
  const begun = performance.now();
  const verdict = await outcome(port);
  report.requests++;
  report.latenciesMs.push(performance.now() - begun);
  if (verdict !== "") report.errors.set(verdict, (report.errors.get(verdict) ?? 0) + 1);
}

/** "" for a whole answer of status 200, else what came instead. */
function outcome(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ port, host: "127.0.0.1", path: "/page", agent: false }, (response) => {
      let length = 0;
      response.on("data", (chunk: Buffer) => (length += chunk.length));
      response.on("error", () => resolve("cut"));
      response.on("end", () => {
        if (response.statusCode !== 200) resolve(String(response.statusCode));
        else resolve(length === BODY.length ? "" : "cut");
      });
    });
    request.setTimeout(PATIENCE_MS, () => {
      resolve("no answer");
      request.destroy();
    });
    request.on("error", () => resolve("reset"));
  });
}
