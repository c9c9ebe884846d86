/**
 * Pauses: the longest garbage collection of a minute at half load, and what a reload every 100 ms adds
 * to the latency of the same load.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printTable } from "../harness.ts";
import { LOAD_CORE, PROXY_CORE } from "./load.ts";
import { baltoArtifact, startBalto, startOrigin } from "./peers.ts";
import { type Peer, residentMiB, stop } from "./process.ts";
import { loadAtRate } from "./rate.ts";

const PORT = 19_450;
const PER_SECOND = 10_000;
const SECONDS = Number(process.env["PAUSE_SECONDS"] ?? 60);
const RELOAD_SECONDS = 10;
const RELOAD_EVERY_MS = 100;

/** Measures and prints both tables. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const pauses: { kind: string; ms: number }[] = [];
  const peers: Peer[] = [];
  try {
    peers.push(await startOrigin({ core: LOAD_CORE, port: PORT, origin: 0, folder }));
    const place = { core: PROXY_CORE, port: PORT + 1, origin: PORT, folder };
    const onLine = (line: string): void => {
      const pause = pauseOf(line);
      if (pause !== undefined) pauses.push(pause);
    };
    const traced = await startBalto(place, { workers: 2, node: ["--trace-gc"], onLine });
    const load = { perSecond: PER_SECOND, connections: 64, core: LOAD_CORE, folder };
    const url = `http://127.0.0.1:${traced.port}/60`;
    await loadAtRate({ ...load, url, seconds: SECONDS });
    await stop(traced.process);
    printPauses(pauses);

    // Another one: the flag above makes compiled code that is at hand useless, which costs memory.
    const balto = await startBalto(place, { workers: 2 });
    peers.push(balto);
    const rate = { ...load, url, seconds: RELOAD_SECONDS };
    const quiet = await loadAtRate(rate);
    const resident = residentMiB(balto.process.pid as number).toFixed(0);
    const reloads = reloadRegularly(folder, balto.port);
    const reloaded = await loadAtRate(rate);
    const count = reloads();
    const rows = Object.entries({ quiet, reloaded }).map(([name, report]) => [
      name,
      ...[report.p50, report.p99, report.p999, report.max].map((ms) => ms.toFixed(2)),
      String(report.failed),
    ]);
    const head = ["", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "failed"];
    const title = `${count} reloads under ${PER_SECOND} requests/s; ${resident} MiB before them`;
    printTable(title, head, rows);
  } finally {
    for (const peer of peers.toReversed()) await stop(peer.process);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line of `--trace-gc`: `[pid:isolate] 123 ms: Scavenge 4.2 (5.1) -> 3.9 (6.1) MB, … 0.61 / 0.00 ms …`. */
function pauseOf(line: string): { kind: string; ms: number } | undefined {
  const found = /ms: (\S+).* MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms/.exec(line);
  return found === null ? undefined : { kind: found[1]!, ms: Number(found[2]) };
}

function printPauses(pauses: readonly { kind: string; ms: number }[]): void {
  const kinds = Map.groupBy(pauses, ({ kind }) => kind);
  const rows = [...kinds].map(([kind, list]) => {
    const times = list.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const p99 = times[Math.floor((times.length - 1) * 0.99)]!;
    return [kind, String(times.length), p99.toFixed(2), times.at(-1)!.toFixed(2)];
  });
  const title = `garbage collection in ${SECONDS} s at ${PER_SECOND} requests/s`;
  printTable(title, ["kind", "times", "p99 ms", "longest ms"], rows);
}

/** Publishes another artifact again and again, until called; then says how often. */
function reloadRegularly(folder: string, port: number): () => number {
  let count = 0;
  const timer = setInterval(() => {
    const next = join(folder, "next.artifact");
    writeFileSync(next, baltoArtifact(port, [PORT], { name: `all-${++count}` }));
    renameSync(next, join(folder, "balto.artifact"));
  }, RELOAD_EVERY_MS);
  return () => {
    clearInterval(timer);
    return count;
  };
}

if (import.meta.main) await run();
