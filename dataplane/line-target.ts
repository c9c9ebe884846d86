/**
 * Line target: what a line sink writes to, opened so that no write ever waits for a reader.
 */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";

export interface LineTarget {
  /**
   * Writes; `done` is given how many bytes that were, 0 where it failed. It may be called before this
   * returns.
   */
  write(chunk: Buffer, done: (bytes: number) => void): void;
  /** Gives up a write that nobody takes, where that can be; its `done` follows then. */
  cancel(): void;
  /** Nothing is being written any more. */
  close(): void;
}

const STDOUT = 1;
/** More than this is written to a file in the background. */
const SYNC_BYTES_MAX = 16 * 1024;

/**
 * Opens a file to write behind its end, or standard output where `path` is "".
 *
 * @throws Error where it cannot be opened
 */
export function openLineTarget(path: string): LineTarget {
  if (path !== "") return openPath(path);
  const stat = fstatSync(STDOUT);
  if (stat.isFile()) return new FileTarget(STDOUT, false);
  if (stat.isSocket()) return new StreamTarget(STDOUT, false);
  try {
    // Opened anew, so that others who write there are not made non-blocking, too.
    return openPath(`/proc/self/fd/${STDOUT}`);
  } catch {
    // It was opened by another user.
    return stat.isFIFO() ? new StreamTarget(STDOUT, false) : new FileTarget(STDOUT, false);
  }
}

function openPath(path: string): LineTarget {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  // A FIFO without a reader is an error, rather than a wait for one.
  const fd = openSync(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY, 0o640);
  return fstatSync(fd).isFIFO() ? new StreamTarget(fd, true) : new FileTarget(fd, true);
}

/** A regular file, or a device. */
class FileTarget implements LineTarget {
  readonly #fd: number;
  readonly #isOurs: boolean;

  constructor(fd: number, isOurs: boolean) {
    this.#fd = fd;
    this.#isOurs = isOurs;
  }

  write(chunk: Buffer, done: (bytes: number) => void): void {
    if (chunk.length > SYNC_BYTES_MAX) {
      write(this.#fd, chunk, (error, bytes) => done(error === null ? bytes : 0));
      return;
    }
    let bytes = 0;
    try {
      bytes = writeSync(this.#fd, chunk);
    } catch {
      // A full disk, or a terminal that stands still.
    }
    done(bytes);
  }

  /** A file takes it, sooner or later. */
  cancel(): void {}

  close(): void {
    if (this.#isOurs) closeSync(this.#fd);
  }
}

/** A pipe or a socket: who reads it may stop or go. */
class StreamTarget implements LineTarget {
  readonly #socket: Socket;
  readonly #isOurs: boolean;

  constructor(fd: number, isOurs: boolean) {
    this.#isOurs = isOurs;
    this.#socket = new Socket({ fd, readable: false });
    this.#socket.on("error", () => {}).unref();
  }

  write(chunk: Buffer, done: (bytes: number) => void): void {
    if (this.#socket.destroyed) return done(0);
    let isDone = false;
    const end = (bytes: number): void => {
      if (isDone) return;
      isDone = true;
      done(bytes);
    };
    this.#socket.write(chunk, (error) => end(error ? 0 : chunk.length));
    // What the system takes at once is said to be done later only.
    if (this.#socket.writableLength === 0 && !this.#socket.destroyed) end(chunk.length);
  }

  cancel(): void {
    this.close();
  }

  close(): void {
    if (this.#isOurs) this.#socket.destroy();
  }
}
