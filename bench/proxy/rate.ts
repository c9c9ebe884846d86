/**
 * Load at a fixed rate: what latency is at a load that a proxy can carry, where a load generator that
 * sends as fast as it can only measures its own queue. h2load spreads the rate over its connections.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { find, outputOf } from "./process.ts";

/** What a run at a fixed rate gave; times in milliseconds. */
export interface RateReport {
  requests: number;
  failed: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Load of `perSecond` requests over so many kept connections, for so long. */
export interface Rate {
  url: string;
  perSecond: number;
  connections: number;
  seconds: number;
  core: number;
  folder: string;
}

/** Sends at a fixed rate and gives the distribution of times to the end of the answer. */
export async function loadAtRate(rate: Rate): Promise<RateReport> {
  const { url, perSecond, connections, seconds, core, folder } = rate;
  const log = join(folder, "rate.log");
  rmSync(log, { force: true });
  const load = `-t1 -c ${connections} -D ${seconds} --warm-up-time=1 --rps=${perSecond / connections}`;
  const command = [h2load(), "--h1", ...load.split(" "), `--log-file=${log}`, url];
  await outputOf("taskset", ["-c", String(core), ...command]);
  const rows = readFileSync(log, "utf8").trimEnd().split("\n");
  const times: number[] = [];
  let failed = 0;
  for (const row of rows) {
    const [, status, microseconds] = row.split("\t").map(Number);
    if (status !== 200) failed++;
    else times.push(microseconds! / 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  return {
    requests: rows.length,
    failed,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
  };
}

function h2load(): string {
  const path = find("h2load");
  if (path === undefined)
    throw new Error("the load at a fixed rate is h2load: install nghttp2-client");
  return path;
}
