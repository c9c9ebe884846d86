/**
 * Wire: one connection, a client's or a backend's, with what the engine needs of it: bytes in, bytes
 * out, when all that was written has gone, and when it ends. `tcp-wire.ts` is plain TCP,
 * `socket-wire.ts` everything that reads through a Node stream (TLS).
 */

/** What a wire tells its owner. After `onClose` nothing follows. */
export interface WireOwner {
  /**
   * Bytes have come in. They may be changed in place, and are gone when this returns where
   * `isShared(bytes)`.
   */
  onData(bytes: Buffer, start: number, end: number): void;
  /** The peer will send no more. */
  onEnd(): void;
  /** All that was written has been handed to the system, after a write that was not at once. */
  onDrain(): void;
  /** The connection stands (outgoing wires only). */
  onConnect(): void;
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

export interface Wire {
  readonly remoteAddress: string;
  /** Everything written has been handed to the system. */
  readonly isFlushed: boolean;
  readonly isPaused: boolean;
  /** The peer has reset the connection, which does not show otherwise while it is paused. */
  readonly isGone: boolean;
  /**
   * Writes; the bytes must stay as they are until flushed.
   *
   * @returns true where the system took all of it at once; else `onDrain` follows
   */
  write(bytes: Buffer): boolean;
  /** True where `bytes` is the buffer that all wires of the worker read into. */
  isShared(bytes: Buffer): boolean;
  /** From the next read on: a buffer of its own, so that what was read can be written on uncopied. */
  takeBuffer(): void;
  /** From the read after the next on at the latest: the shared buffer again. */
  releaseBuffer(): void;
  /** What was read last is in use by a write that is not flushed: nobody else may have its buffer. */
  holdBuffer(): void;
  pause(): void;
  resume(): void;
  /** Sends a FIN behind what was written; reading goes on. */
  end(): void;
  destroy(): void;
  /** Ends the connection so that the peer learns that what it got is not whole. */
  reset(): void;
  /** True where a write has made progress since the last call: the peer reads, if slowly. */
  hasProgressed(): boolean;
}

/** Where a backend is: `host` as configured, `address` one IP address of it. */
export interface Endpoint {
  host: string;
  address: string;
  port: number;
}

/** What the wires of one worker share: read buffers, and whom to tell of mistakes of ours. */
export class ReadBuffers {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  onFault: (error: unknown) => void = () => {};
  #free: Buffer[] = [];
  /** By their memory: given back by nobody but the write that uses them. */
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < FREE_BUFFERS_MAX) this.#free.push(buffer);
  }

  /** A write goes on that uses it: given back as soon as that is over, however it ends. */
  giveWhenWritten(buffer: Buffer): void {
    this.#lent.set(buffer.buffer, buffer);
  }

  /** A write of these bytes that went on is over. */
  written({ buffer }: Buffer): void {
    const lent = this.#lent.get(buffer);
    if (lent === undefined) return;
    this.#lent.delete(buffer);
    this.give(lent);
  }
}

/** One read. As large as libuv's own. */
const READ_BYTES = 64 * 1024;
/** Spare buffers kept; more are left to the garbage collector. */
const FREE_BUFFERS_MAX = 32;
