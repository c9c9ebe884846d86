// Data plane: the real process, its log, its port and its end. When a test that has one is over, and
// the test's own connections are closed, the process must hold no connection any more and must not
// have lost a worker.

import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { published } from "./artifact.ts";
import { type Exit, startChild } from "./children.ts";
import { closeOpenEnds } from "./open-ends.ts";
import { scrape, scrapeOverTls } from "./scrape.ts";
import { PATIENCE_MS, until, untilAsync, within } from "./until.ts";

/** A line of its log. */
export interface LogLine {
  level: string;
  module: string;
  message: string;
  time: string;
  [field: string]: unknown;
}

export interface DataPlaneOptions {
  /** Default 1. */
  workers?: number;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** How many descriptors it may have. */
  descriptors?: number;
  /** Another entry than this checkout's, and the folder to run it in. */
  main?: string;
  cwd?: string;
}

/** What operators of a data plane under test prove themselves with. */
export const ADMIN_TOKEN = "sesame-open-0123456789";

/** What a data plane counts of what it holds, and how much of it a scrape is. */
const GAUGES = [
  ["balto_requests_in_flight", 1],
  ["balto_connections", 1],
  ["balto_deadlines", 1],
  ["balto_queue_waiting", 0],
  ["balto_tunnels", 0],
  ["balto_backend_active_connections", 0],
  ["balto_stream_connections_active", 0],
] as const;

const ENTRY = fileURLToPath(new URL("../../dataplane/main.ts", import.meta.url));

export class DataPlane {
  readonly child: ChildProcess;
  /** Resolves when the process has ended and its pipes are closed. */
  readonly exit: Promise<Exit>;
  readonly log: LogLine[] = [];
  /** What it printed to standard output that is no log line. */
  readonly noise: string[] = [];
  stderr = "";
  hasExited = false;
  /** Sockets that it had open when it began to serve. */
  #baseline = 0;

  constructor(child: ChildProcess, exit: Promise<Exit>) {
    this.child = child;
    this.exit = exit;
    void exit.then(() => (this.hasExited = true));
    let rest = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#line(line);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The port it listens on; there is one from the log line "Serving" on. */
  get port(): number {
    const serving = this.log.find(({ message }) => message === "Serving");
    if (serving === undefined) throw new Error(`it does not serve:\n${this.report()}`);
    return Number(/:(\d+)$/.exec(String(serving["listen"]))?.[1]);
  }

  /** Waits for a log line, among those from number `from` on. */
  async says(message: string, from = 0, withinMs: number = PATIENCE_MS): Promise<LogLine> {
    const find = (): LogLine | undefined =>
      this.log.slice(from).find((line) => line.message === message);
    await until(
      `log line "${message}"`,
      () => find() !== undefined || this.hasExited,
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.report()}`);
    });
    const line = find();
    if (line === undefined) throw new Error(`it ended without "${message}":\n${this.report()}`);
    return line;
  }

  /** Waits until it serves. */
  async serves(withinMs?: number): Promise<this> {
    await this.says("Serving", 0, withinMs);
    this.#baseline = this.sockets();
    return this;
  }

  /** Waits for its end. */
  async ends(withinMs: number = PATIENCE_MS): Promise<Exit> {
    return within(`the end of the data plane\n${this.report()}`, this.exit, withinMs);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** How many sockets the process has open, listeners among them. */
  sockets(): number {
    return readdirSync(`/proc/${this.pid}/fd`).filter((descriptor) => {
      try {
        return readlinkSync(`/proc/${this.pid}/fd/${descriptor}`).startsWith("socket:");
      } catch {
        return false;
      }
    }).length;
  }

  /** How many connections it has, clients' and backends'. */
  connections(): number {
    return this.sockets() - this.#baseline;
  }

  /** The most memory it has had, in bytes. */
  peakMemoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Memory it has now, in bytes. */
  memoryBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Processor time it has used, in milliseconds. */
  processorMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return (Number(user) + Number(system)) * 10;
  }

  /** Everything it has said, for the message of a failure. */
  report(): string {
    const lines = this.log.map((line) => JSON.stringify(line));
    return [...lines, ...this.noise, this.stderr].join("\n");
  }

  /**
   * Closes the test's own connections and sees that nothing is left on the other side: no socket, and where
   * its metrics can be had, no exchange, no wait and no deadline.
   */
  async holdsNothing(): Promise<void> {
    closeOpenEnds();
    if (this.hasExited || this.#baseline === 0) return;
    await until("every connection of the data plane closed", () => this.connections() <= 0);
    let left: string[] = [];
    const isLeft = async (): Promise<boolean> => {
      const metrics = await scrape(this.port)
        .catch(() => scrapeOverTls(this.port))
        .catch(() => undefined);
      // The scrape itself is one of each.
      left =
        metrics === undefined
          ? []
          : GAUGES.filter(([name, own]) => metrics.sum(name) > own).map(String);
      return left.length > 0;
    };
    await untilAsync("nothing left in the data plane", async () => !(await isLeft())).catch(
      (error: unknown) => {
        throw new Error(`${left.join("; ")} above this: ${String(error)}`);
      },
    );
  }

  /** It has printed nothing but its log, and no worker has died. */
  isSound(): string[] {
    const fatal = this.log.filter(
      ({ level, module }) => level === "error" && (module === "worker" || module === "dataplane"),
    );
    return [...this.noise, ...fatal.map((line) => JSON.stringify(line))];
  }

  #line(text: string): void {
    try {
      this.log.push(JSON.parse(text) as LogLine);
    } catch {
      this.noise.push(text);
    }
  }
}

/** Starts a data plane with an artifact, its bytes or its path, on a free port; does not wait for it. */
export function launch(artifact: Uint8Array | string, options: DataPlaneOptions = {}): DataPlane {
  const path = typeof artifact === "string" ? artifact : published(artifact);
  const args = [
    options.main ?? ENTRY,
    `--artifact=${path}`,
    `--workers=${options.workers ?? 1}`,
    "--listen=127.0.0.1:0",
    // Should the tests die, so does it.
    "--parent-pipe",
    ...(options.args ?? []),
  ];
  const { descriptors } = options;
  const limited = ["-c", 'ulimit -n "$0" && exec "$@"', String(descriptors), process.execPath];
  const [command, words] =
    descriptors === undefined ? [process.execPath, args] : ["/bin/sh", [...limited, ...args]];
  const { child, exit } = startChild(command, words, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { PATH: process.env["PATH"] ?? "", BALTO_ADMIN_TOKEN: ADMIN_TOKEN, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return new DataPlane(child, exit);
}

/** Starts a data plane and waits until it serves. */
export async function start(
  artifact: Uint8Array | string,
  options: DataPlaneOptions = {},
): Promise<DataPlane> {
  const balto = launch(artifact, options);
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") return;
    await balto.holdsNothing();
    const faults = balto.isSound();
    if (faults.length > 0) throw new Error(`the data plane is not sound:\n${balto.report()}`);
  });
  return balto.serves();
}
