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

/** A watch whose waits and polls never end: only what is told at once is told. */
async function watchWithoutTimers(): Promise<() => number> {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] });
  let changes = 0;
  watch = new ArtifactWatch(path, () => changes++);
  // Until it stands.
  await sleep(300);
  return () => changes;
}

it("tells at once of a file that was renamed to its place", async () => {
  const changes = await watchWithoutTimers();
  const other = join(folder, "other");
  writeFileSync(other, "one");
  // File systems count time in steps.
  await sleep(50);
  renameSync(other, path);
  await expect.poll(changes, { timeout: 5_000 }).toBe(1);
});

it("waits where a file is written in place", async () => {
  const changes = await watchWithoutTimers();
  writeFileSync(path, "half");
  await sleep(300);
  expect(changes()).toBe(0);
  vi.advanceTimersByTime(20);
  expect(changes()).toBe(1);
});
