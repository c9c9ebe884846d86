/**
 * A thousand clients that come at once and keep asking: those that are accepted keep the proxy's core
 * busy while the others wait to be. Proxies take turns, and each turn is a new burst. The first turn, in
 * which a proxy is cold, counts like the others.
 */
import { printTable } from "../harness.ts";
import { LOAD_CORE } from "./load.ts";
import { outputOf, type Peer } from "./process.ts";
import { sideBySide } from "./side-by-side.ts";
import { wrkCommand } from "./wrk.ts";
import { REPORT_LUA, reportOf, type WrkReport } from "./wrk-report.ts";

const FIRST_PORT = 19_480;
const CLIENTS = 1_000;
const SECONDS = 4;
const ROUNDS = 5;
/** nginx, HAProxy and Balto. */
const COMPARED = 3;

/** Runs the bursts and prints a table. */
export async function run(): Promise<void> {
  await sideBySide(
    FIRST_PORT,
    async ({ proxies, folder }) => {
      const reports = new Map<Peer, WrkReport[]>(proxies.map((peer) => [peer, []]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [{ port }, list] of reports) list.push(await burst(port, folder));
      }
      const rows = [...reports].map(([{ name, version }, list]) => [
        `${name} ${version}`,
        ...figures(list),
      ]);
      const head = ["proxy", "p50 ms", "p99 ms", "worst p99", "failed or over 2 s"];
      printTable(`${CLIENTS} clients at once, ${ROUNDS} times ${SECONDS} s`, head, rows);
    },
    COMPARED,
  );
}

async function burst(port: number, folder: string): Promise<WrkReport> {
  const url = `http://127.0.0.1:${port}/60`;
  const load = { url, connections: CLIENTS, seconds: SECONDS, core: LOAD_CORE, folder };
  return reportOf(await outputOf(...wrkCommand({ ...load, lua: REPORT_LUA })));
}

function figures(reports: readonly WrkReport[]): string[] {
  const sorted = (pick: (report: WrkReport) => number): number[] =>
    reports.map(pick).toSorted((a, b) => a - b);
  const p50 = sorted((report) => report.p50);
  const p99 = sorted((report) => report.p99);
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  const middle = reports.length >> 1;
  const times = [p50[middle]!, p99[middle]!, p99.at(-1)!].map((ms) => ms.toFixed(0));
  return [...times, String(failed)];
}

if (import.meta.main) await run();
