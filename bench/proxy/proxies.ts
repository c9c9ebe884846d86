/**
 * CPU per proxied request, side by side: every proxy on one core, origin and load on the other, in one
 * run. Wall time on a shared machine says little; the CPU time the kernel charges a process says more,
 * and the ratio to nginx in the same run most.
 */
import { printTable } from "../harness.ts";
import { measure, type Workload } from "./load.ts";
import { residentMiB } from "./process.ts";
import { sideBySide } from "./side-by-side.ts";

const WORKLOADS: readonly Workload[] = [
  { name: "60 B × 1", path: "/60", connections: 1 },
  { name: "60 B × 64", path: "/60", connections: 64 },
  { name: "60 B × 1000", path: "/60", connections: 1000 },
  { name: "1 KiB × 64", path: "/1k", connections: 64 },
  { name: "16 KiB × 64", path: "/16k", connections: 64 },
  { name: "1 MiB × 16", path: "/1m", connections: 16 },
  { name: "2 KB of fields", path: "/60", connections: 64, lua: fieldsOf(2048) },
  { name: "1 KB upload", path: "/60", connections: 64, lua: uploadOf(1024) },
  { name: "1 MB upload", path: "/60", connections: 16, lua: uploadOf(1024 * 1024) },
];

function uploadOf(bytes: number): string {
  return `wrk.method = "POST"\nwrk.body = string.rep("x", ${bytes})\n`;
}

/** Twenty fields of this size together, as browsers and their cookies send. */
function fieldsOf(bytes: number): string {
  const value = `string.rep("v", ${Math.floor(bytes / 20) - 8})`;
  return `for i = 1, 20 do wrk.headers["X-F" .. i] = ${value} end\n`;
}

const FIRST_PORT = 19_400;

/** Runs all workloads against all proxies and prints a table. */
export async function run(): Promise<void> {
  await sideBySide(FIRST_PORT, async ({ proxies, folder }) => {
    const rows: string[][] = [];
    for (const workload of WORKLOADS) {
      // The first peer is the yardstick.
      let yardstick = 0;
      for (const peer of proxies) {
        const { microseconds, perSecond, failed } = measure(peer, workload, folder);
        yardstick ||= microseconds;
        rows.push([
          workload.name,
          `${peer.name} ${peer.version}`,
          microseconds.toFixed(1),
          (microseconds / yardstick).toFixed(2),
          Math.round(perSecond).toString(),
          residentMiB(peer.process.pid as number).toFixed(0),
          failed,
        ]);
      }
    }
    printTable(
      "proxied requests, one core each",
      ["workload", "proxy", "CPU µs/request", "× first", "requests/s", "MiB", "failed"],
      rows,
    );
  });
}

if (import.meta.main) await run();
