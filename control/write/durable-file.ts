/**
 * The steps of replacing a file, each brought to the disk before it returns. A crash between two of
 * them leaves the old file or the new one, whole.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { syncFolder } from "../../compiler/write-artifact.ts";

/**
 * Writes a file that is not there yet, with owner and mode of `like`, if there is one. After an error
 * nothing of it is left.
 */
export function writeNew(path: string, bytes: Uint8Array, like?: Stats): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    if (like !== undefined) keepOwner(descriptor, like);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Moves a file over another, or to a new name. */
export function moveOver(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Removes a file. */
export function remove(path: string): void {
  unlinkSync(path);
  syncFolder(dirname(path));
}

/** Removes a file that may not be there. */
export function removeIfThere(path: string): void {
  try {
    remove(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Removes a folder if nothing is in it. */
export function removeEmptyFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody has put something into it, or it has gone.
  }
}

/** Its bytes, undefined where it is not there. A link is an error: what it leads to is not this file. */
export function readIfThere(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a name is; undefined where there is nothing. */
export function statIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function keepOwner(descriptor: number, { mode, uid, gid }: Stats): void {
  try {
    fchownSync(descriptor, uid, gid);
  } catch {
    // Only root may give files away; then the new one is ours, and as readable as the old one was.
  }
  fchmodSync(descriptor, mode & 0o777);
}
