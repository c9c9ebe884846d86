/**
 * Latency at fixed rates: 20, 50 and 80% of what the slowest proxy of the run can carry, direct and
 * through each proxy. One machine runs load, proxy and origin, so the direct line is the floor. A core that
 * somebody else has for 10 ms makes a p99 of its own: proxies take turns, and the middle of all turns counts,
 * beside the quietest one.
 */
import { printTable } from "../harness.ts";
import { LOAD_CORE } from "./load.ts";
import { loadAtRate } from "./rate.ts";
import { sideBySide } from "./side-by-side.ts";
import type { WrkReport } from "./wrk-report.ts";

const FIRST_PORT = 19_430;
const CONNECTIONS = 64;
/** http-proxy carries some 8,000 small requests a second on one core of this kind. */
const SLOWEST_PER_SECOND = 8_000;
const SHARES = [0.2, 0.5, 0.8];
const SECONDS = 2;
const ROUNDS = 5;
/** V8 compiles what it meets often: until then its compilers have the core as often as the proxy. */
const WARM_SECONDS = 6;

/** Runs every rate against every proxy and prints a table. */
export async function run(): Promise<void> {
  await sideBySide(FIRST_PORT, async ({ origin, proxies, folder }) => {
    const peers = [{ ...origin, name: "direct" }, ...proxies];
    const load = (port: number, perSecond: number, seconds: number): Promise<WrkReport> =>
      loadAtRate({
        url: `http://127.0.0.1:${port}/60`,
        perSecond,
        connections: CONNECTIONS,
        seconds,
        core: LOAD_CORE,
        folder,
      });
    for (const { port } of peers) await load(port, SLOWEST_PER_SECOND / 2, WARM_SECONDS);
    const rows: string[][] = [];
    for (const share of SHARES) {
      const perSecond = SLOWEST_PER_SECOND * share;
      const reports = new Map<string, WrkReport[]>(peers.map(({ name }) => [name, []]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const { name, port } of peers)
          reports.get(name)!.push(await load(port, perSecond, SECONDS));
      }
      for (const [name, list] of reports) rows.push([String(perSecond), name, ...figures(list)]);
    }
    const head = ["requests/s", "proxy", "p50 ms", "p99 ms", "quietest", "p99.9 ms", "failed"];
    printTable("latency at fixed rates, 60 B × 64", head, rows);
  });
}

function figures(reports: readonly WrkReport[]): string[] {
  const sorted = (pick: (report: WrkReport) => number): number[] =>
    reports.map(pick).toSorted((a, b) => a - b);
  const middle = (times: readonly number[]): number => times[times.length >> 1]!;
  const p99 = sorted((report) => report.p99);
  const p50 = middle(sorted((report) => report.p50));
  const p999 = middle(sorted((report) => report.p999));
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  return [...[p50, middle(p99), p99[0]!, p999].map((ms) => ms.toFixed(2)), String(failed)];
}

if (import.meta.main) await run();
