/**
 * Reads one file of a tree: never waits for a FIFO or a device, and never reads without a limit.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { FILE_BYTES_MAX } from "./parse/collect-files.ts";
import type { SourceFault } from "./source-tree.ts";

/** The bytes of a regular file. What was checked is the open file, whatever its name leads to by now. */
export function readSource(path: string): Uint8Array | SourceFault {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    // Sockets and devices without a driver cannot even be opened.
    if (errorCode(cause) === "ENXIO")
      return { fault: "not-a-file", detail: "it is a socket or a device" };
    return unreadable(cause);
  }
  try {
    const stats = fstatSync(descriptor);
    const kind = kindOf(stats);
    if (kind !== undefined) return { fault: "not-a-file", detail: kind };
    if (stats.size > FILE_BYTES_MAX) return tooLarge();
    return readAll(descriptor);
  } catch (cause) {
    return unreadable(cause);
  } finally {
    closeSync(descriptor);
  }
}

/** What a file is that is not a plain one of this tree alone. */
function kindOf(stats: Stats): string | undefined {
  if (stats.isFIFO()) return "it is a FIFO";
  if (stats.isSocket()) return "it is a socket";
  if (!stats.isFile()) return "it is a device";
  return stats.nlink > 1 ? `it is a hard link, one of ${stats.nlink} names of the file` : undefined;
}

/**
 * Reads to the end, which may come earlier or later than the size said. What is read goes through one
 * buffer: a new one for each file takes ten times as long where much is on the heap already.
 */
function readAll(descriptor: number): Uint8Array | SourceFault {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, CHUNK);
    if (count === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.push(Uint8Array.prototype.slice.call(CHUNK, 0, count));
    length += count;
    if (length > FILE_BYTES_MAX) return tooLarge();
  }
}

const CHUNK = Buffer.allocUnsafeSlow(64 * 1024);

function tooLarge(): SourceFault {
  return {
    fault: "too-large",
    detail: `the file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
  };
}

/** The fault of a path that the system refuses. */
export function unreadable(cause: unknown): SourceFault {
  const code = errorCode(cause);
  return { fault: "unreadable", detail: REASONS[code] ?? code };
}

const REASONS: Record<string, string | undefined> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it does not exist, or is a link that leads nowhere",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
  EIO: "the disk reports an error",
};

/** The code of an error of the system, else its text. */
export function errorCode(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code ?? String(cause);
}
