/**
 * Load at a fixed rate: what latency is at a load that a proxy can carry, where a load generator that
 * sends as fast as it can only measures its own queue. Each connection of wrk waits for a random time
 * before it asks again. (h2load --rps lets all connections ask at the same instant, again and again:
 * then the last of a burst of 64 has waited for 63 others, whoever the proxy is.)
 */
import { outputOf } from "./process.ts";
import { wrkCommand } from "./wrk.ts";

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

/** wrk counts whole milliseconds of waiting, and one more until it looks. */
const TICK_MS = 0.5;

/** Sends at a fixed rate and gives the distribution of times to the end of the answer. */
export async function loadAtRate(rate: Rate): Promise<RateReport> {
  const { url, perSecond, connections, seconds, core, folder } = rate;
  const pauseMs = (connections * 1000) / perSecond - TICK_MS;
  const run = { url, connections, core, lua: scriptOf(pauseMs), folder };
  await outputOf(...wrkCommand({ ...run, seconds: 1 }));
  const report = await outputOf(...wrkCommand({ ...run, seconds }));
  const line = /^report (.*)$/m.exec(report)?.[1];
  if (line === undefined) throw new Error(`wrk gave no report:\n${report}`);
  const figures = line.split(" ").map(Number);
  const [requests = 0, failed = 0, p50 = 0, p99 = 0, p999 = 0, max = 0] = figures;
  return { requests, failed, p50, p99, p999, max };
}

function scriptOf(pauseMs: number): string {
  return `
function delay() return math.random() * ${2 * pauseMs} end
function done(summary, latency)
  local e = summary.errors
  print(string.format("report %d %d %f %f %f %f", summary.requests,
    e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, latency.max / 1000))
end
`;
}
