/**
 * Latency at fixed rates: 20, 50 and 80% of what the slowest proxy of the run can carry, direct and
 * through each proxy. One machine runs load, proxy and origin, so the direct line is the floor.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printTable } from "../harness.ts";
import { PEERS, startOrigin } from "./peers.ts";
import { type Peer, stop } from "./process.ts";
import { loadAtRate } from "./rate.ts";

const PROXY_CORE = 0;
const LOAD_CORE = 1;
const FIRST_PORT = 19_430;
const CONNECTIONS = 64;
/** http-proxy carries some 8,000 small requests a second on one core of this kind. */
const SLOWEST_PER_SECOND = 8_000;
const SHARES = [0.2, 0.5, 0.8];
const SECONDS = 5;

/** Runs every rate against every proxy and prints a table. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const peers: Peer[] = [];
  try {
    const place = { core: LOAD_CORE, port: FIRST_PORT, origin: 0, folder };
    peers.push({ ...(await startOrigin(place)), name: "direct" });
    for (const [index, start] of PEERS.entries()) {
      const port = FIRST_PORT + 1 + index;
      const peer = await start({ core: PROXY_CORE, port, origin: FIRST_PORT, folder });
      if (peer !== undefined) peers.push(peer);
    }
    const rows: string[][] = [];
    for (const share of SHARES) {
      const perSecond = SLOWEST_PER_SECOND * share;
      for (const { name, port } of peers) {
        const url = `http://127.0.0.1:${port}/60`;
        const rate = { url, perSecond, connections: CONNECTIONS, seconds: SECONDS };
        const { p50, p99, p999, failed } = await loadAtRate({ ...rate, core: LOAD_CORE, folder });
        const times = [p50, p99, p999].map((ms) => ms.toFixed(2));
        rows.push([String(perSecond), name, ...times, String(failed)]);
      }
    }
    const head = ["requests/s", "proxy", "p50 ms", "p99 ms", "p99.9 ms", "failed"];
    printTable("latency at fixed rates, 60 B × 64", head, rows);
  } finally {
    for (const peer of peers.toReversed()) await stop(peer.process);
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await run();
