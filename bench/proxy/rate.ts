/**
 * Load at a fixed rate: what latency is at a load that a proxy can carry, where a load generator that
 * sends as fast as it can only measures its own queue. Each connection of wrk waits for a random time
 * before it asks again. (h2load --rps lets all connections ask at the same instant, again and again:
 * then the last of a burst of 64 has waited for 63 others, whoever the proxy is.)
 */
import { outputOf } from "./process.ts";
import { wrkCommand } from "./wrk.ts";
import { REPORT_LUA, reportOf, type WrkReport } from "./wrk-report.ts";

/** Load of `perSecond` requests over so many kept connections, for so long. */
export interface Rate {
  url: string;
  perSecond: number;
  connections: number;
  seconds: number;
  core: number;
  folder: string;
}

/** wrk counts whole milliseconds of waiting, and one more until it looks. */
const TICK_MS = 0.5;

/** Sends at a fixed rate and gives the distribution of times to the end of the answer. */
export async function loadAtRate(rate: Rate): Promise<WrkReport> {
  const { url, perSecond, connections, seconds, core, folder } = rate;
  const pauseMs = (connections * 1000) / perSecond - TICK_MS;
  const run = { url, connections, core, lua: scriptOf(pauseMs), folder };
  await outputOf(...wrkCommand({ ...run, seconds: 1 }));
  return reportOf(await outputOf(...wrkCommand({ ...run, seconds })));
}

function scriptOf(pauseMs: number): string {
  return `function delay() return math.random() * ${2 * pauseMs} end\n${REPORT_LUA}`;
}
