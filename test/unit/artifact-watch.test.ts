import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ArtifactWatch } from "../../dataplane/artifact-watch.ts";

let folder: string;
let path: string;
let watch: ArtifactWatch | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "balto-artifact-watch-")));
  path = join(folder, "balto.artifact");
  writeFileSync(path, "zero");
});
afterEach(async () => {
  vi.useRealTimers();
  await watch?.stop();
  rmSync(folder, { recursive: true });
});

/** A watch whose waits and polls never end by themselves: only what is told at once is told. */
function watchWithoutTimers(): () => number {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
  let changes = 0;
  watch = new ArtifactWatch(path, () => changes++);
  return () => changes;
}

// Nobody says when a watch stands: what is to be seen is done again until it is seen.

it("tells at once of a file that was renamed to its place", async () => {
  const changes = watchWithoutTimers();
  const other = join(folder, "other");
  const rename = async (): Promise<number> => {
    writeFileSync(other, "one");
    // File systems count time in steps.
    await sleep(20);
    renameSync(other, path);
    await sleep(50);
    return changes();
  };
  await expect.poll(rename, { timeout: 10_000 }).toBeGreaterThan(0);
});

it("waits where a file is written in place", async () => {
  const changes = watchWithoutTimers();
  const write = async (): Promise<number> => {
    writeFileSync(path, `half ${Math.random()}`);
    await sleep(50);
    const early = changes();
    vi.advanceTimersByTime(20);
    return early === 0 ? changes() : -1;
  };
  await expect.poll(write, { timeout: 10_000 }).toBe(1);
});
