// Starts the real launcher, as a user does, and says what it printed and how it ended.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Options {
  cwd?: string;
  env?: Record<string, string>;
  /** Run instead of the launcher, relative to the repository. */
  script?: string;
  /** Bytes for its standard input, which is empty otherwise. */
  input?: Uint8Array;
}

export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  out: string;
  err: string;
}

export interface Started {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  /** Resolves when it has ended and its pipes are closed. */
  ended: Promise<Ended>;
  /** Resolves once both streams together hold a match. */
  says: (pattern: RegExp, withinMs?: number) => Promise<RegExpExecArray>;
}

let stateFolder: string | undefined;

/** Where Balto puts a token: for the tests of one file, and not where this user's is. */
function stateHome(): string {
  if (stateFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "balto-state-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    stateFolder = folder;
  }
  return stateFolder;
}

/** Runs a command to its end. */
export async function balto(args: readonly string[], options: Options = {}): Promise<Ended> {
  const started = startBalto(args, options);
  return started.ended;
}

/** Starts a command that goes on; it is ended when the test is over. */
export function startBalto(args: readonly string[], options: Options = {}): Started {
  const { PATH = "", HOME = "" } = process.env;
  const script = join(root, options.script ?? "bin/balto.js");
  const child = spawn(process.execPath, [script, ...args], {
    cwd: options.cwd ?? root,
    // What the tests' own environment says of colours or config folders must not matter.
    env: { PATH, HOME, XDG_STATE_HOME: stateHome(), ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined);
  if (!args.includes("--parent-pipe")) child.stdin.end(options.input);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString();
  const watchers = new Set<() => void>();
  for (const [stream, chunks] of [
    [child.stdout, out],
    [child.stderr, err],
  ] as const) {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      for (const look of watchers) look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      resolve({ status, signal, stdout: Buffer.concat(out), out: text(out), err: text(err) });
    });
  });
  const says: Started["says"] = (pattern, withinMs = 10_000) =>
    new Promise((resolve, reject) => {
      const finish = (match: RegExpExecArray | null, why = ""): void => {
        clearTimeout(timer);
        watchers.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`no ${String(pattern)} ${why}:\n${text(out)}\n${text(err)}`));
      };
      const look = (): void => {
        const match = pattern.exec(`${text(out)}\n${text(err)}`);
        if (match !== null) finish(match);
      };
      const timer = setTimeout(() => finish(null, `in ${withinMs} ms`), withinMs);
      watchers.add(look);
      look();
      void ended.then(({ status }) => finish(null, `before it ended with status ${status}`));
    });
  onTestFinished(async () => {
    // Asked first, so that it takes what it started with it.
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  });
  return { child, out: () => text(out), err: () => text(err), ended, says };
}

/** A folder with these files that goes when the test is over. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), "balto-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) put(folder, path, content);
  return folder;
}

export function put(folder: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
