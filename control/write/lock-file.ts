/**
 * A lock between processes: a file that whoever holds the lock has made. It says who that is, so that
 * the lock of a process that has died can be broken.
 */
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";

/** The lock is held; `release` gives it back and may be called once. */
export interface Lock {
  release: () => void;
}

/** Somebody else had the lock for as long as was waited. The text says who. */
export class LockedError extends Error {
  override name = "LockedError";
}

const RETRY_MS = 15;
/** A holder on another machine cannot be asked; nobody holds a lock for longer than a minute. */
const FOREIGN_AGE_MAX_MS = 120_000;
/** Breaking a lock takes microseconds: whoever still is at it after so long has died over it. */
const BREAKING_AGE_MAX_MS = 10_000;

/**
 * Waits for the lock.
 *
 * @throws LockedError after `waitMs`; Error with `code` where the file cannot be made (EACCES, ENOSPC)
 */
export async function acquireLock(path: string, waitMs: number): Promise<Lock> {
  const end = performance.now() + waitMs;
  for (;;) {
    if (make(path)) return { release: () => remove(path) };
    breakAbandoned(path);
    if (performance.now() > end) throw new LockedError(`${path} is held by ${holderText(path)}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

interface Holder {
  pid: number;
  host: string;
  /** When the process began, as the kernel counts: a process id is used again. */
  began: string;
}

function make(path: string): boolean {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  const holder: Holder = { pid: process.pid, host: hostname(), began: beginning(process.pid) };
  try {
    writeSync(descriptor, JSON.stringify(holder));
    return true;
  } catch (error) {
    remove(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Removes the lock of a process that has died. Only who has made a second file may do so, and looks
 * once more before: else two could find the same dead holder, and the slower one would remove the
 * lock that the faster one has made since.
 */
function breakAbandoned(path: string): void {
  if (!isAbandoned(path)) return;
  const breaking = `${path}.breaking`;
  if (!make(breaking)) {
    if (ageMs(breaking) > BREAKING_AGE_MAX_MS) remove(breaking);
    return;
  }
  if (isAbandoned(path)) remove(path);
  remove(breaking);
}

function isAbandoned(path: string): boolean {
  const holder = readHolder(path);
  if (holder === undefined) {
    // Just made and not written yet, or its writer died in between.
    return ageMs(path) > BREAKING_AGE_MAX_MS;
  }
  if (holder.host !== hostname()) return ageMs(path) > FOREIGN_AGE_MAX_MS;
  const began = beginning(holder.pid);
  return began === "" ? !isAlive(holder.pid) : began !== holder.began;
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const { pid, host, began } = value as Record<string, unknown>;
  return Number.isInteger(pid) && typeof host === "string" && typeof began === "string";
}

function holderText(path: string): string {
  const holder = readHolder(path);
  return holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
}

/** Field 22 of /proc/PID/stat; "" where there is no such process, or no /proc. */
function beginning(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Whether there is such a process, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** 0 where there is no such file. */
function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone already.
  }
}
