/**
 * Processes of a benchmark: started on one core, measured by the CPU time the kernel charges them.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A program under measurement. */
export interface Peer {
  name: string;
  version: string;
  port: number;
  process: ChildProcess;
}

/** Starts a program pinned to `core` and waits until `port` answers. */
export async function startPinned(
  core: number,
  command: readonly string[],
  port: number,
  onLine?: (line: string) => void,
): Promise<ChildProcess> {
  const child = spawn("taskset", ["-c", String(core), ...command], {
    stdio: ["ignore", onLine === undefined ? "ignore" : "pipe", "inherit"],
  });
  if (onLine !== undefined) createInterface({ input: child.stdout! }).on("line", onLine);
  children.add(child);
  child.on("exit", () => children.delete(child));
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await answers(port)) return child;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${command[0]} did not listen on port ${port}`);
}

/** Ends a program and waits for it. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

/** User and system time of a process and its children so far, microseconds. */
export function cpuMicroseconds(pid: number): number {
  const ticks = [pid, ...childrenOf(pid)].map((one) => {
    // The name may hold spaces; the numbers begin behind its parenthesis (proc(5)).
    const fields = readFileSync(`/proc/${one}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return (ticks.reduce((sum, one) => sum + one, 0) * 1_000_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process and its children, MiB. */
export function residentMiB(pid: number): number {
  const kib = [pid, ...childrenOf(pid)].map((one) => {
    const status = readFileSync(`/proc/${one}/status`, "latin1");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  });
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** The path of a program, or undefined where it is not installed. */
export function find(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/bin"];
  return folders.map((folder) => `${folder}/${program}`).find((path) => existsSync(path));
}

/** Runs a program to its end and gives its standard output. */
export function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** Runs a program to its end beside everything else; gives its standard output. */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 1 << 26 });
  return stdout;
}

/** The clock ticks of /proc (getconf CLK_TCK), 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "latin1")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
