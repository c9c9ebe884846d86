/**
 * What a setting costs: Baltos that differ in one thing, asked in turns, so that what else happens on the
 * machine happens to all of them.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printTable } from "../harness.ts";
import { LOAD_CORE, measure, PROXY_CORE } from "./load.ts";
import { type BaltoOptions, startBalto, startOrigin } from "./peers.ts";
import { type Peer, stop } from "./process.ts";

const ROUNDS = 7;
const FIRST_PORT = 19_500;
const BACKENDS = 3;

const PLAIN = "load_balancing: { algorithm: round-robin }, circuit_breaker: { enabled: false }";
const EVERYTHING =
  "load_balancing: { algorithm: p2c }, circuit_breaker: { enabled: true }, retry: { attempts: 2 }, health_check: { type: tcp, passive: { consecutive_failures: 3 } }";

/** The first is what the others are held against; the second is the same once more, to show the noise. */
const VARIANTS: readonly (Pick<BaltoOptions, "settings" | "global"> & { name: string })[] = [
  { name: "round-robin, no breaker", settings: PLAIN },
  { name: "the same", settings: PLAIN },
  { name: "p2c, breaker, passive health, retries", settings: EVERYTHING },
  { name: "access log, JSON", settings: PLAIN, global: "access_log: { enabled: true }" },
  {
    name: "access log, combined",
    settings: PLAIN,
    global: "access_log: { enabled: true, format: combined }",
  },
];

/** Measures them all and prints a table. */
export async function run(): Promise<void> {
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
    for (const [n, variant] of VARIANTS.entries()) {
      const port = FIRST_PORT + BACKENDS + n;
      const place = { core: PROXY_CORE, port, origin: FIRST_PORT, folder: inFolder(`balto${n}`) };
      const peer = await startBalto(place, { origins, ...variant });
      started.push(peer);
      peers.push(peer);
    }
    const spent: number[][] = VARIANTS.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [n, peer] of peers.entries()) {
        const load = { name: "", path: "/60", connections: 64 };
        const { microseconds, failed } = measure(peer, load, folder);
        if (failed !== "0") throw new Error(`requests failed: ${failed}`);
        spent[n]!.push(microseconds);
      }
    }
    const [plain] = spent as [number[]];
    printTable(
      `60 B × 64, ${BACKENDS} backends, medians of ${ROUNDS} rounds`,
      ["settings", "CPU µs/request", "× first"],
      VARIANTS.map(({ name }, n) => [
        name,
        median(spent[n]!).toFixed(1),
        median(spent[n]!.map((one, round) => one / plain[round]!)).toFixed(2),
      ]),
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
