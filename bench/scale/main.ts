/**
 * Scale: trees of 1,000, 10,000 and 100,000 services (`SIZES=1000,1000000` tries others), each compiled
 * in a process of its own, then followed by `balto run`; and other programs started with the same routes.
 * `make bench-scale`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printTable } from "../harness.ts";
import { live } from "./live.ts";
import type { Measured } from "./measure.ts";
import { PEERS, started } from "./peers.ts";

const SIZES = (process.env["SIZES"] ?? "1000,10000,100000").split(",").map(Number);

/** Measures and prints three tables. */
export async function run(): Promise<void> {
  const rows: string[][] = [];
  const lives: string[][] = [];
  const starts = new Map<string, string[]>(PEERS.map(({ name }) => [name, []]));
  for (const count of SIZES) {
    const folder = mkdtempSync(join(tmpdir(), "balto-scale-"));
    try {
      const script = join(import.meta.dirname, "measure.ts");
      const args = [script, String(count), folder];
      const found = JSON.parse(
        execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 20 }),
      ) as Measured;
      rows.push(rowOf(count, found));
      if (count <= LIVE_MOST) {
        const found = await live(count, folder);
        const cells = LIVE_CELLS.map((cell) => found[cell].toFixed(0));
        lives.push([count.toLocaleString("en"), ...cells]);
      }
      for (const peer of PEERS) {
        const cell = count > peer.most ? undefined : await started(peer, count, folder);
        starts
          .get(peer.name)!
          .push(
            cell === undefined
              ? "–"
              : `${cell.readyMs.toFixed(0)} ms ${cell.residentMiB.toFixed(0)} MiB`,
          );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  printTable("scale: one compile, one file changed, the artifact", HEAD, rows);
  printTable("scale: `balto run` with two workers", LIVE_HEAD, lives);
  const sizes = SIZES.map((count) => count.toLocaleString("en"));
  printTable(
    "scale: from the start of the program to its first answer, and its memory",
    ["routes", ...sizes],
    [...starts].map(([name, cells]) => [name, ...cells]),
  );
}

const LIVE_HEAD = [
  "services",
  "ready ms",
  "served ms",
  "POST ms",
  "idle MiB",
  "asked MiB",
  "later MiB",
];
const LIVE_CELLS = ["readyMs", "servedMs", "postMs", "idleMiB", "askedMiB", "laterMiB"] as const;
/** Each route is asked once, and more of them take too long. */
const LIVE_MOST = 100_000;

const HEAD = [
  "services",
  "cold ms",
  "peak MiB",
  "changed ms",
  "reach ms",
  "diff ms",
  "artifact MB",
  "open ms",
  "first ns",
  "last ns",
];

function rowOf(count: number, found: Measured): string[] {
  return [
    count.toLocaleString("en"),
    found.coldMs.toFixed(0),
    found.coldMiB.toFixed(0),
    found.changedMs.toFixed(0),
    found.reachMs.toFixed(0),
    found.diffMs.toFixed(0),
    (found.bytes / 1e6).toFixed(1),
    found.openMs.toFixed(1),
    found.firstNs.toFixed(0),
    found.lastNs.toFixed(0),
  ];
}

if (import.meta.main) await run();
