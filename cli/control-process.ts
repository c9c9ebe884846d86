/**
 * The writer as a child of `balto run`: this same command, in a process of its own. When it dies it is
 * started again, for traffic does not depend on it and its next start mends what a crash left.
 */
import { spawn } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

import type { Terminal } from "./terminal.ts";

export interface ControlProcessOptions {
  folder: string;
  /** Path of the Unix socket that it listens on. */
  socket: string;
  artifact: string;
  /** Path of the Unix socket that the data plane listens on. */
  adminSocket: string;
  terminal: Terminal;
}

export interface ControlProcess {
  /** Asks it to end what is under way; resolves when it has. */
  stop: () => Promise<void>;
}

/** Checkouts run TypeScript, published packages JavaScript: as this very file does. */
const ENTRY = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

const RESTART_MS_MIN = 250;
const RESTART_MS_MAX = 15_000;
/** It has run well if it ran for so long: the next restart is quick again. */
const WELL_MS = 30_000;
/** A write may wait for the data plane for some seconds. */
const STOP_MS_MAX = 12_000;

export function startControlProcess(options: ControlProcessOptions): ControlProcess {
  const { folder, socket, artifact, adminSocket, terminal } = options;
  const words = [
    ...process.execArgv,
    ENTRY,
    "control",
    folder,
    "--listen",
    `unix:${socket}`,
    "--artifact",
    artifact,
    "--data-plane",
    `unix:${adminSocket}`,
    "--no-follow",
    "--parent-pipe",
  ];
  let stopping = false;
  let wait: NodeJS.Timeout | undefined;
  let delayMs = RESTART_MS_MIN;
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let ended: Promise<void> = Promise.resolve();

  const start = (): void => {
    const since = performance.now();
    // In a session of its own, Ctrl-C reaches it once, through us; it ends when its stdin does.
    const child = spawn(process.execPath, words, {
      stdio: ["pipe", "inherit", "inherit"],
      detached: true,
    });
    child.stdin.on("error", () => undefined);
    kill = (signal) => void child.kill(signal);
    ended = new Promise((resolve) => {
      const end = (how: string): void => {
        resolve();
        if (stopping) return;
        if (performance.now() - since > WELL_MS) delayMs = RESTART_MS_MIN;
        terminal.note(
          `balto run: the control process ${how}; traffic goes on, it is started again\n`,
        );
        wait = setTimeout(start, delayMs);
        delayMs = Math.min(delayMs * 2, RESTART_MS_MAX);
      };
      child.once("error", (error) => end(`did not start: ${error.message}`));
      child.once("exit", (code, signal) => end(`ended with ${signal ?? `status ${code}`}`));
    });
  };
  start();

  return {
    stop: async () => {
      stopping = true;
      clearTimeout(wait);
      kill("SIGTERM");
      const cut = setTimeout(() => kill("SIGKILL"), STOP_MS_MAX);
      await ended;
      clearTimeout(cut);
    },
  };
}
