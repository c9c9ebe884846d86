// Children: every process the tests start, so that none outlives them.

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { onTestFinished } from "vitest";

/** How a process has ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const children = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Starts a process that is killed when its test is over, however that ends. */
export function startChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): { child: ChildProcess; exit: Promise<Exit> } {
  const child = spawn(command, args, options);
  children.add(child);
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on("error", reject);
    // Not "exit": what it printed last has been read when "close" comes.
    child.on("close", (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  return { child, exit };
}
