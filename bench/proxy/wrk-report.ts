/** What a run of wrk gave: failures and the distribution of times, which its own text rounds. */

/** Times in milliseconds, to the end of the answer. */
export interface WrkReport {
  requests: number;
  failed: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Has to be a part of the run's script. */
export const REPORT_LUA = `
function done(summary, latency)
  local e = summary.errors
  print(string.format("report %d %d %f %f %f %f", summary.requests,
    e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, latency.max / 1000))
end
`;

/** Reads what wrk has printed. @throws Error where there is no report in it */
export function reportOf(text: string): WrkReport {
  const line = /^report (.*)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error(`wrk gave no report:\n${text}`);
  const figures = line.split(" ").map(Number);
  const [requests = 0, failed = 0, p50 = 0, p99 = 0, p999 = 0, max = 0] = figures;
  return { requests, failed, p50, p99, p999, max };
}
