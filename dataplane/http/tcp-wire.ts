/**
 * TCP wire: a plain connection on libuv's handle, without a stream in between.
 *
 * All wires of a worker read into one buffer; a wire that carries a long body has one of its own
 * meanwhile. A write that the system takes at once, as nearly all do, costs one call.
 */
import {
  bytesRead,
  connectTcp,
  createWriteRequest,
  END_OF_FILE,
  isDisconnected,
  isWriteUnderWay,
  shutdown,
  type SocketName,
  systemError,
  type TcpHandle,
  type WriteRequest,
} from "./tcp-handle.ts";
import type { Endpoint, ReadBuffers, Wire, WireOwner } from "./wire.ts";

/** The handle knows its wire, so that one function serves all of them. */
interface OwnedHandle extends TcpHandle {
  wire: TcpWire;
}
/** A write under way keeps its bytes from being collected. */
interface OwnedRequest extends WriteRequest {
  wire: TcpWire;
  bytes: Buffer | undefined;
}

export class TcpWire implements Wire {
  #owner: WireOwner;
  readonly #buffers: ReadBuffers;
  #handle: OwnedHandle;
  /** What the system reads into until the next read has been handed on. */
  #reading: Buffer;
  /** What it reads into from then on, where that is not the shared buffer. */
  #own: Buffer | undefined;
  /** That buffer must not be given to another wire when this one leaves it. */
  #isHeld = false;
  #isPaused = false;
  /** Closed from here or there; the handle must not be touched any more. */
  #isClosed = false;
  #hasEnded = false;
  #hasSentEnd = false;
  #error: NodeJS.ErrnoException | undefined;
  #writes = 0;
  #queuedBefore = 0;

  /** A connection that was accepted. */
  static accepted(owner: WireOwner, buffers: ReadBuffers, handle: TcpHandle): TcpWire {
    const wire = new TcpWire(owner, buffers, handle);
    wire.#start();
    return wire;
  }

  /** A new connection; `onConnect` or `onClose` follows. */
  static connect(owner: WireOwner, buffers: ReadBuffers, to: Endpoint): TcpWire {
    const handle = connectTcp(to.address, to.port, (status) => wire.#connected(status));
    const wire = new TcpWire(owner, buffers, handle);
    return wire;
  }

  private constructor(owner: WireOwner, buffers: ReadBuffers, handle: TcpHandle) {
    this.#owner = owner;
    this.#buffers = buffers;
    this.#reading = buffers.shared;
    this.#handle = handle as OwnedHandle;
    this.#handle.wire = this;
    this.#handle.onread = onRead;
  }

  /** Tells another owner from now on. */
  adopt(owner: WireOwner): void {
    this.#owner = owner;
  }

  /** Leaves the connection to somebody else, unharmed; the wire tells nothing more. */
  release(): TcpHandle {
    if (!this.#isPaused) this.#handle.readStop();
    this.#isClosed = true;
    return this.#handle;
  }

  get remoteAddress(): string {
    const name: SocketName = {};
    if (!this.#isClosed) this.#handle.getpeername(name);
    return name.address ?? "";
  }

  get isFlushed(): boolean {
    return this.#writes === 0;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isGone(): boolean {
    return this.#isClosed || isDisconnected(this.#handle);
  }

  write(bytes: Buffer): boolean {
    if (this.#isClosed || this.#error !== undefined || this.#hasSentEnd) return true;
    const request = spareRequest;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.#fail(status);
      return this.#writes === 0;
    }
    if (!isWriteUnderWay()) return true;
    spareRequest = ownedRequest();
    request.wire = this;
    request.bytes = bytes;
    this.#writes++;
    return false;
  }

  /** A write that went on has come to its end. */
  written(bytes: Buffer | undefined, status: number): void {
    if (bytes !== undefined) this.#buffers.written(bytes);
    this.#writes--;
    if (status !== 0 && !this.#isClosed) this.#fail(status);
    if (this.#isClosed || this.#writes > 0) return;
    this.#queuedBefore = 0;
    this.#guard(() => this.#owner.onDrain());
  }

  isShared(bytes: Buffer): boolean {
    return bytes === this.#buffers.shared;
  }

  takeBuffer(): void {
    this.#own ??= this.#buffers.take();
  }

  releaseBuffer(): void {
    // A buffer that was taken and never read into is nobody's; any other is left after the next read.
    if (this.#own !== undefined && this.#own !== this.#reading) this.#buffers.give(this.#own);
    this.#own = undefined;
  }

  holdBuffer(): void {
    this.#isHeld = true;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (!this.#isClosed && !this.#hasEnded) this.#handle.readStop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isClosed && !this.#hasEnded) this.#handle.readStart();
  }

  end(): void {
    if (this.#isClosed || this.#hasSentEnd) return;
    this.#hasSentEnd = true;
    const status = shutdown(this.#handle, () => {
      if (this.#hasEnded) this.destroy();
    });
    if (status !== 0) this.destroy();
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.close(() => this.#closed());
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Not while a FIN is on its way; then an ordinary close is all there is.
    const status = this.#hasSentEnd ? -1 : this.#handle.reset(() => this.#closed());
    if (status !== 0) this.#handle.close(() => this.#closed());
  }

  hasProgressed(): boolean {
    const queued = this.#isClosed ? 0 : this.#handle.writeQueueSize;
    const progressed = queued < this.#queuedBefore || this.#queuedBefore === 0;
    this.#queuedBefore = queued;
    return progressed;
  }

  /** A read: so many bytes, or what ended it. Returns the next buffer where it is another one. */
  received(length: number): Buffer | undefined {
    if (this.#isClosed) return undefined;
    if (length > 0) {
      // It has been read into again: the write that used it is over.
      this.#isHeld = false;
      try {
        this.#owner.onData(this.#reading, 0, length);
      } catch (error) {
        this.#fault(error);
      }
    } else if (length === END_OF_FILE) {
      this.#ended();
    } else if (length < 0) {
      this.#error ??= systemError(length, "read");
      this.destroy();
    }
    const before = this.#reading;
    const next = this.#own ?? this.#buffers.shared;
    if (next === before) return undefined;
    this.#reading = next;
    if (before !== this.#buffers.shared) {
      if (this.#isHeld) this.#buffers.giveWhenWritten(before);
      else this.#buffers.give(before);
    }
    this.#isHeld = false;
    return next;
  }

  #start(): void {
    this.#handle.setNoDelay(true);
    this.#handle.useUserBuffer(this.#reading);
    if (!this.#isPaused) this.#handle.readStart();
  }

  /**
   * A write failed. What the peer sent before it closed can still be read, and reading tells when it is
   * over; where all has been read, it is over now.
   */
  #fail(status: number): void {
    this.#error ??= systemError(status, "write");
    if (this.#hasEnded) this.destroy();
  }

  #connected(status: number): void {
    if (this.#isClosed) return;
    if (status === 0) {
      this.#start();
      this.#guard(() => this.#owner.onConnect());
    } else {
      this.#error = systemError(status, "connect");
      this.destroy();
    }
  }

  #ended(): void {
    this.#hasEnded = true;
    // A wire that cannot be written to has nothing left to do.
    if (this.#error !== undefined) return this.destroy();
    this.#guard(() => this.#owner.onEnd());
    if (this.#hasSentEnd && this.#writes === 0) this.destroy();
  }

  #closed(): void {
    try {
      this.#owner.onClose(this.#error);
    } catch (error) {
      this.#buffers.onFault(error);
    }
  }

  /** A mistake of ours in serving one connection ends that connection and nothing else. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fault(error);
    }
  }

  #fault(error: unknown): void {
    this.#buffers.onFault(error);
    this.#error ??= error instanceof Error ? error : new Error(String(error));
    this.destroy();
  }
}

function onRead(this: TcpHandle): Buffer | undefined {
  return (this as OwnedHandle).wire.received(bytesRead());
}

function onWritten(this: WriteRequest, status: number): void {
  const request = this as OwnedRequest;
  const { bytes } = request;
  request.bytes = undefined;
  request.wire.written(bytes, status);
}

function ownedRequest(): OwnedRequest {
  const request = createWriteRequest() as OwnedRequest;
  request.oncomplete = onWritten;
  request.bytes = undefined;
  return request;
}

/** Used by every write; one that goes on keeps it, and another takes its place. */
let spareRequest = ownedRequest();
