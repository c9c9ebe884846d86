// The lock between processes: held by one at a time, and never for ever.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { acquireLock, LockedError } from "../../../control/write/lock-file.ts";

function lockPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "balto-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "lock");
}

it("is held by one at a time, each in turn", async () => {
  const path = lockPath();
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const lock = await acquireLock(path, 20_000);
      most = Math.max(most, ++holders);
      await new Promise((resolve) => setTimeout(resolve, 2));
      holders--;
      lock.release();
    }),
  );
  expect(most).toBe(1);
  expect(readdirSync(join(path, ".."))).toEqual([]);
});

it("says who has it when it does not come in time", async () => {
  const path = lockPath();
  await acquireLock(path, 0);
  const late = acquireLock(path, 50);
  await expect(late).rejects.toThrow(LockedError);
  await expect(late).rejects.toThrow(`process ${process.pid} on ${hostname()}`);
});

it("is taken from a process that has died", async () => {
  const path = lockPath();
  const { pid } = spawnSync("true");
  writeFileSync(path, JSON.stringify({ pid, host: hostname(), began: "1" }));
  (await acquireLock(path, 5_000)).release();
  // The same number, another process.
  writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), began: "1" }));
  (await acquireLock(path, 5_000)).release();
  expect(existsSync(path)).toBe(false);
});

it("is taken from another machine, and from nobody, after a while only", async () => {
  const path = lockPath();
  for (const content of [JSON.stringify({ pid: 1, host: "elsewhere", began: "1" }), "", "{"]) {
    writeFileSync(path, content);
    await expect(acquireLock(path, 30)).rejects.toThrow(LockedError);
    const longAgo = Date.now() / 1000 - 3600;
    utimesSync(path, longAgo, longAgo);
    (await acquireLock(path, 5_000)).release();
  }
});

it("can be broken although somebody died over breaking it", async () => {
  const path = lockPath();
  const longAgo = Date.now() / 1000 - 3600;
  for (const name of [path, `${path}.breaking`]) {
    writeFileSync(name, JSON.stringify({ pid: 1, host: "elsewhere", began: "1" }));
    utimesSync(name, longAgo, longAgo);
  }
  (await acquireLock(path, 5_000)).release();
  expect(readdirSync(join(path, ".."))).toEqual([]);
});
