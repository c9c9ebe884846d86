/**
 * Experiments with a backend that misbehaves, side by side: `make bench-faults`. Every proxy stands in front
 * of the same three backends at the same time, and each has a client that asks at a modest rate. What is
 * measured is what the proxies do, not how fast: the machine may do something else meanwhile.
 *
 * Arguments name the faults to try; without any all are.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Peer, startPinned, stop } from "../proxy/process.ts";
import { type ClientReport, load, percentileMs } from "./client.ts";
import { DESCRIPTIONS, type Fault, FAULTS } from "./faults.ts";
import { PROXIES } from "./proxies.ts";

const RATE = { perSecond: 50, seconds: 10 };
/** From the start of the proxies until the clients begin: their health checks are under way. */
const SETTLE_MS = 1_000;
const ILL_MS = 1_000;
const KILL_MS = 3_000;
const REVIVE_MS = 6_000;
const FIRST_PORT = 19_500;
const PROXY_CORE = 0;
const BACKEND_CORE = 1;

const chosen = process.argv.slice(2) as Fault[];
for (const fault of chosen) if (!FAULTS.includes(fault)) throw new Error(`no fault "${fault}"`);

let hasHead = false;
for (const fault of chosen.length > 0 ? chosen : FAULTS) await experiment(fault);

async function experiment(fault: Fault): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-faults-"));
  const ports = [0, 1, 2].map((index) => FIRST_PORT + index);
  const backends: ChildProcess[] = [];
  const proxies: Peer[] = [];
  let revived: Promise<unknown> = Promise.resolve();
  try {
    for (const port of ports) backends.push(await startBackend(port, fault));
    const ill = backends[2]!;
    for (const [index, start] of PROXIES.entries()) {
      const place = { core: PROXY_CORE, port: FIRST_PORT + 10 + index, backends: ports, folder };
      const proxy = await start(place);
      if (proxy !== undefined) proxies.push(proxy);
    }
    await sleep(SETTLE_MS);
    const clients = proxies.map(({ port }) => load(port, RATE));
    if (fault === "killed") {
      await sleep(KILL_MS);
      ill.kill("SIGKILL");
      revived = sleep(REVIVE_MS - KILL_MS).then(async () => {
        backends.push(await startBackend(ports[2]!, fault));
      });
    } else {
      // It becomes ill under traffic, as backends do.
      await sleep(ILL_MS);
      ill.kill("SIGUSR2");
    }
    const reports = await Promise.all(clients);
    head(proxies);
    print(DESCRIPTIONS[fault], ...reports.map(cell));
    await revived;
  } finally {
    for (const proxy of proxies) await stop(proxy.process);
    for (const backend of backends) await stop(backend);
    rmSync(folder, { recursive: true, force: true });
  }
}

function startBackend(port: number, fault: Fault): Promise<ChildProcess> {
  const file = join(import.meta.dirname, "backend.ts");
  return startPinned(BACKEND_CORE, [process.execPath, file, String(port), fault], port);
}

function head(proxies: readonly Peer[]): void {
  if (hasHead) return;
  hasHead = true;
  const names = proxies.map(({ name, version }) => `${name} ${version}`.trim());
  print("the third of three backends …", ...names);
  print("---", ...names.map(() => "---"));
}

/** Errors, and the latencies that half and all but a hundredth of the requests kept to. */
function cell(report: ClientReport): string {
  const kinds = [...report.errors].map(([what, count]) => `${count} × ${what}`);
  const count = [...report.errors.values()].reduce((sum, one) => sum + one, 0);
  const errors = `${((count * 100) / report.requests).toFixed(1)}%`;
  const [p50, p99] = [0.5, 0.99].map((part) => percentileMs(report, part).toFixed(0));
  const what = kinds.length === 0 ? "" : ` (${kinds.join(", ")})`;
  return `${errors}${what}, ${p50} / ${p99} ms`;
}

/** A row of a Markdown table. */
function print(...cells: string[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
