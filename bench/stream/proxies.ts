/**
 * Streams side by side: CPU per gigabyte, CPU per connection (connect, 1 KB there and back, close) and
 * memory per idle connection, of Balto, HAProxy in TCP mode and nginx with its stream module. Every proxy
 * runs on one core, both ends on the other.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { dataPlaneCommand } from "../data-plane.ts";
import { encode } from "../../artifact/encode.ts";
import {
  modelOf,
  POOL_POLICY,
  SETTINGS,
  STREAM_POLICY,
} from "../../test/fixtures/artifact-model.ts";
import { printTable } from "../harness.ts";
import { cpuMicroseconds, find, residentMiB, startPinned, stop } from "../proxy/process.ts";

const PROXY_CORE = 0;
const ENDS_CORE = 1;
const FIRST_PORT = 19_700;
const GIGABYTES = Number(process.env["BENCH_GIGABYTES"] ?? 2);
const CONNECTIONS = Number(process.env["BENCH_CONNECTIONS"] ?? 10_000);
/** Pairs of connections: 15,000, or as many as one process has descriptors for less those that Balto keeps free. */
const IDLE = Number(
  process.env["BENCH_IDLE"] ?? Math.min(15_000, Math.floor(descriptorsMax() * 0.46)),
);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 2);

const ENDS = fileURLToPath(new URL("./ends.js", import.meta.url));
/** Where Debian's libnginx-mod-stream puts it. */
const NGINX_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

interface Place {
  port: number;
  origin: number;
  folder: string;
}

interface Figures {
  msPerGigabyte: number;
  usPerConnection: number;
  kibPerIdle: number;
}

const STARTS: Readonly<Record<string, (place: Place) => Promise<ChildProcess | undefined>>> = {
  HAProxy: startHaproxy,
  nginx: startNginx,
  Balto: startBalto,
};

/** Runs all workloads against all proxies and prints a table. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "balto-bench-"));
  const node = process.execPath;
  const origin = await startPinned(
    ENDS_CORE,
    [node, ENDS, "origin", String(FIRST_PORT)],
    FIRST_PORT,
  );
  const rows: string[][] = [];
  try {
    let port = FIRST_PORT;
    for (const [name, start] of Object.entries(STARTS)) {
      const place = { port: ++port, origin: FIRST_PORT, folder };
      const figures: Figures[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const proxy = await start(place);
        if (proxy === undefined) break;
        figures.push(await measure(proxy.pid!, place.port));
        await stop(proxy);
      }
      if (figures.length > 0) rows.push([name, ...cells(figures)]);
    }
  } finally {
    await stop(origin);
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ["", "CPU ms a GB", "CPU µs a connection", "KiB a pair"];
  printTable(`Streams: the least of ${ROUNDS} rounds, ${IDLE} idle pairs`, head, rows);
}

function cells(figures: readonly Figures[]): string[] {
  const least = (of: (one: Figures) => number): number => Math.min(...figures.map(of));
  return [
    least(({ msPerGigabyte }) => msPerGigabyte).toFixed(0),
    least(({ usPerConnection }) => usPerConnection).toFixed(1),
    least(({ kibPerIdle }) => kibPerIdle).toFixed(1),
  ];
}

async function measure(pid: number, port: number): Promise<Figures> {
  // Memory first, while none is there that something else has left behind.
  await load("connect", port, 200);
  const memoryBefore = residentMiB(pid);
  const idle = await load("idle", port, IDLE);
  const memory = residentMiB(pid);
  await stop(idle);
  await load("connect", port, 2_000);
  await load("bulk", port, 200_000_000);
  const before = cpuMicroseconds(pid);
  await load("connect", port, CONNECTIONS);
  const between = cpuMicroseconds(pid);
  await load("bulk", port, GIGABYTES * 1e9);
  const after = cpuMicroseconds(pid);
  return {
    msPerGigabyte: (after - between) / 1_000 / GIGABYTES,
    usPerConnection: (between - before) / CONNECTIONS,
    kibPerIdle: ((memory - memoryBefore) * 1024) / IDLE,
  };
}

/** Runs a load until it says that it is done, or that it holds what it was asked to. */
function load(what: string, port: number, amount: number): Promise<ChildProcess> {
  const args = ["-c", String(ENDS_CORE), process.execPath, ENDS, what, String(port)];
  const child = spawn("taskset", [...args, String(amount)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once("data", () => resolve(child));
    child.once("exit", (code) => {
      if (code === 0) resolve(child);
      else reject(new Error(`the load ${what} has failed`));
    });
  });
}

async function startHaproxy({ port, origin, folder }: Place): Promise<ChildProcess | undefined> {
  const haproxy = find("haproxy");
  if (haproxy === undefined) return undefined;
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn ${IDLE + 100}
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen front
  bind 127.0.0.1:${port}
  server origin 127.0.0.1:${origin}
`,
  );
  return startPinned(PROXY_CORE, [haproxy, "-db", "-f", file], port);
}

async function startNginx({ port, origin, folder }: Place): Promise<ChildProcess | undefined> {
  const nginx = find("nginx");
  if (nginx === undefined || !existsSync(NGINX_MODULE)) return undefined;
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `load_module ${NGINX_MODULE};
${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; daemon off; pid ${folder}/nginx.pid;
events { worker_connections ${2 * IDLE + 200}; }
stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${origin}; } }
`,
  );
  return startPinned(PROXY_CORE, [nginx, "-e", `${folder}/nginx.log`, "-c", file], port);
}

async function startBalto({ port, origin, folder }: Place): Promise<ChildProcess> {
  const place = { file: "bench.yaml", line: 1, column: 1 };
  const backend = { weight: 1, name: "", priority: 0, connectionsMax: 0, origin: place };
  const model = modelOf([], { ...SETTINGS, listen: "127.0.0.1:0" });
  const pool = {
    key: "bench",
    label: "bench",
    policy: POOL_POLICY,
    backends: [{ ...backend, url: `tcp://127.0.0.1:${origin}` }],
    table: [],
    origin: place,
  };
  model.pools.push(pool);
  model.streams.push({
    name: "bench",
    listen: `127.0.0.1:${port}`,
    protocol: "tcp",
    pool,
    sni: [],
    policy: STREAM_POLICY,
    origin: place,
  });
  const artifact = join(folder, "bench.artifact");
  writeFileSync(artifact, encode(model));
  const command = [...dataPlaneCommand(), `--artifact=${artifact}`, "--workers=1"];
  return startPinned(PROXY_CORE, command, port);
}

function descriptorsMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
}

if (import.meta.main) await run();
