/**
 * Connections: what an idle kept-alive connection costs in memory, and 50,000 of them over three
 * processes, each of which has served a request.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { printTable } from "../harness.ts";
import { startBalto, startOrigin } from "./peers.ts";
import { type Peer, residentMiB, stop } from "./process.ts";

const PORT = 19_460;
const ONE_PROCESS = 18_000;
const THREE_PROCESSES = 50_000;

/** Measures and prints. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const peers: Peer[] = [];
  try {
    peers.push(await startOrigin({ core: 1, port: PORT, origin: 0, folder }));
    for (let index = 1; index <= 3; index++) {
      const own = join(folder, String(index));
      mkdirSync(own);
      const place = { core: 0, port: PORT + index, origin: PORT, folder: own };
      peers.push(await startBalto(place, { workers: 2 }));
    }
    const baltos = peers.slice(1);
    const rows = [await hold(baltos.slice(0, 1), ONE_PROCESS), await hold(baltos, THREE_PROCESSES)];
    const head = ["processes", "connections", "refused", "KB each"];
    printTable("idle connections, each after one request", head, rows);
  } finally {
    for (const peer of peers.toReversed()) await stop(peer.process);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens so many connections, spread over the processes, and gives a row of the table. */
async function hold(baltos: readonly Peer[], total: number): Promise<string[]> {
  const resident = (): number =>
    baltos.reduce((sum, { process }) => sum + residentMiB(process.pid as number), 0);
  const warm = await Promise.all(baltos.map(({ port }) => open(port, 200)));
  for (const { child } of warm) await stop(child);
  const before = resident();
  const share = Math.floor(total / baltos.length);
  const clients = await Promise.all(baltos.map(({ port }) => open(port, share)));
  const kb = ((resident() - before) * 1024) / total;
  const refused = clients.reduce((sum, { failed }) => sum + failed, 0);
  for (const { child } of clients) await stop(child);
  return [String(baltos.length), String(share * baltos.length), String(refused), kb.toFixed(1)];
}

/** A process that opens connections, sends one request on each, and holds them. */
async function open(port: number, count: number): Promise<{ child: ChildProcess; failed: number }> {
  const script = join(import.meta.dirname, "idle-client.ts");
  const args = [script, String(port), String(count)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout! })) {
    return { child, failed: Number(line) };
  }
  throw new Error("the client has ended");
}

if (import.meta.main) await run();
