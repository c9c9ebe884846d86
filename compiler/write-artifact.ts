/**
 * Writes an artifact so that a reader sees the old file or the new one, whole, whatever happens in
 * between: a temporary file in the same folder, then a rename, both brought to the disk where that matters.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { randomBytes } from "node:crypto";

/** Why an artifact was not written, in one line for people. `code` is that of the system. */
export class WriteError extends Error {
  override name = "WriteError";
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Puts `bytes` at `path`. After an error the file at `path` is what it was, and no temporary file is
 * left.
 *
 * @param mustLast false where nobody reads the file after a loss of power: it need not be on the disk
 * @throws WriteError
 */
export function writeArtifact(path: string, bytes: Uint8Array, mustLast = true): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  let created = false;
  try {
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644);
    created = true;
    try {
      keepMode(descriptor, path);
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      if (mustLast) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    created = false;
    if (mustLast) syncFolder(folder);
  } catch (cause) {
    if (created) remove(temporary);
    const code = (cause as NodeJS.ErrnoException).code ?? "EUNKNOWN";
    throw new WriteError(`cannot write ${path}: ${REASONS[code] ?? code}`, code, cause);
  }
}

const REASONS: Record<string, string | undefined> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "the folder does not exist",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "there is a folder of that name",
  EFBIG: "the file would be larger than is allowed",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  EIO: "the disk reports an error",
};

/** A new file at an old name keeps who may read it. */
function keepMode(descriptor: number, path: string): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old?.isFile() === true) fchmodSync(descriptor, old.mode & 0o777);
}

/** Brings names to the disk, and renames; some file systems cannot sync a folder, and need not. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EINVAL") throw cause;
  } finally {
    closeSync(descriptor);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The first error is the one to tell of.
  }
}
