/**
 * What p2c, breakers, passive health and retries cost: one Balto with plain round-robin and one with all of
 * it, in turns, so that what else happens on the machine happens to both.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printTable } from "../harness.ts";
import { LOAD_CORE, measure, PROXY_CORE } from "./load.ts";
import { startBalto, startOrigin } from "./peers.ts";
import { find, type Peer, stop } from "./process.ts";

const ROUNDS = 7;
const FIRST_PORT = 19_500;
const BACKENDS = 3;

const PLAIN = "load_balancing: { algorithm: round-robin }, circuit_breaker: { enabled: false }";
const EVERYTHING =
  "load_balancing: { algorithm: p2c }, circuit_breaker: { enabled: true }, retry: { attempts: 2 }, health_check: { type: tcp, passive: { consecutive_failures: 3 } }";

/** Measures both and prints a table. */
export async function run(): Promise<void> {
  const wrk = find("wrk");
  if (wrk === undefined) throw new Error("the benchmark's load is wrk: install it");
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const inFolder = (name: string): string => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const started: Peer[] = [];
  try {
    const origins = Array.from({ length: BACKENDS }, (_, n) => FIRST_PORT + n);
    for (const port of origins) {
      const place = { core: LOAD_CORE, port, origin: 0, folder: inFolder(`origin${port}`) };
      started.push(await startOrigin(place));
    }
    const peers: Peer[] = [];
    for (const [n, settings] of [PLAIN, EVERYTHING].entries()) {
      const port = FIRST_PORT + BACKENDS + n;
      const place = { core: PROXY_CORE, port, origin: FIRST_PORT, folder: inFolder(`balto${n}`) };
      const peer = await startBalto(place, { origins, settings });
      started.push(peer);
      peers.push(peer);
    }
    const ratios: number[] = [];
    const spent: number[][] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const [plain, everything] = peers.map((peer, n) => {
        const load = { name: "", path: "/60", connections: 64 };
        const { microseconds, failed } = measure(wrk, peer, load, folder);
        if (failed !== "0") throw new Error(`requests failed: ${failed}`);
        spent[n]!.push(microseconds);
        return microseconds;
      }) as [number, number];
      ratios.push(everything / plain);
    }
    printTable(
      `60 B × 64, ${BACKENDS} backends, medians of ${ROUNDS} rounds`,
      ["settings", "CPU µs/request", "× plain"],
      [
        ["round-robin, no breaker", median(spent[0]!).toFixed(1), "1.00"],
        [
          "p2c, breaker, passive health, retries",
          median(spent[1]!).toFixed(1),
          median(ratios).toFixed(2),
        ],
      ],
    );
  } finally {
    for (const peer of started.toReversed()) await stop(peer.process);
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) await run();
