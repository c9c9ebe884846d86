/**
 * The data plane as a process: either this process becomes it, or it is a child that cannot outlive
 * its parent. The CLI never imports it.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

import { dataPlaneEntry } from "./data-plane-entry.ts";
import { ALLOCATOR_ENVIRONMENT, NODE_OPTIONS } from "./data-plane-runtime.ts";
import { EXIT_FAILED } from "./exit-code.ts";
import { Failure } from "./failure.ts";
import { flagsWithoutRoom } from "./heap.ts";

export interface DataPlaneOptions {
  artifact: string;
  workers?: string | undefined;
  listen?: string | undefined;
  /** Paths of public keys of which one must have signed the artifact. */
  trust?: readonly string[];
  /** Wait for a good artifact instead of failing. */
  wait?: boolean;
  /** Undefined where no writer belongs to it, or the environment names them. */
  sockets?: ControlSockets | undefined;
}

/** Paths of the Unix sockets on which the writer and the data plane listen for each other. */
export interface ControlSockets {
  control: string;
  admin: string;
}

export interface DataPlaneProcess {
  signal: (signal: NodeJS.Signals) => void;
  /** Its exit status, 128 + n when signal n ended it. */
  ended: Promise<number>;
}

/**
 * Puts the data plane in this process's place: same pid, so service managers and `kill` talk to it
 * directly. Where a system cannot do that, it runs as a child and all signals are passed on.
 */
export async function becomeDataPlane(options: DataPlaneOptions): Promise<number> {
  if (process.execve !== undefined && process.platform !== "win32") {
    const words = [process.execPath, ...nodeWords(), ...argumentsOf(options)];
    process.execve(process.execPath, words, environment());
  }
  const child = startDataPlane(options);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const) {
    process.on(signal, () => child.signal(signal));
  }
  return child.ended;
}

/** Starts it as a child in a session of its own, so that Ctrl-C reaches it once, through us. */
export function startDataPlane(options: DataPlaneOptions): DataPlaneProcess {
  const words = [...nodeWords(), "--parent-pipe", ...argumentsOf(options)];
  // It ends when its stdin does, and that happens however this process ends.
  const child = spawn(process.execPath, words, {
    stdio: ["pipe", "inherit", "inherit"],
    detached: true,
    env: { ...environment(), ...environmentOf(options) },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", (error) => {
      reject(new Failure(`the data plane did not start: ${error.message}`));
    });
    child.on("exit", (code, signal) => {
      resolve(code ?? (signal === null ? EXIT_FAILED : 128 + constants.signals[signal]));
    });
  });
  // A write is never made, but the pipe breaks when the child goes first.
  child.stdin.on("error", () => undefined);
  return { signal: (signal) => void child.kill(signal), ended };
}

/** Up to the program. What this process was given has the last word. */
function nodeWords(): string[] {
  return [...NODE_OPTIONS, ...flagsWithoutRoom(), dataPlaneEntry()];
}

function environment(): Record<string, string> {
  return { ...ALLOCATOR_ENVIRONMENT, ...(process.env as Record<string, string>) };
}

function argumentsOf(options: DataPlaneOptions): string[] {
  const { artifact, workers, listen, trust = [], wait } = options;
  const words = ["--artifact", artifact];
  if (workers !== undefined) words.push("--workers", workers);
  if (listen !== undefined) words.push("--listen", listen);
  for (const path of trust) words.push("--trust", path);
  if (wait === true) words.push("--wait");
  return words;
}

function environmentOf({ sockets }: DataPlaneOptions): Record<string, string> {
  if (sockets === undefined) return {};
  return { BALTO_CONTROL_SOCKET: sockets.control, BALTO_ADMIN_SOCKET: sockets.admin };
}
