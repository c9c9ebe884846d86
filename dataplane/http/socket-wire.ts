/**
 * Socket wire: a connection that reads through a Node stream, as TLS does. What it reads is its own:
 * every chunk is a buffer that nobody else writes to.
 */
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";

import { tlsModule } from "../tls-module.ts";
import { isDisconnected, socketHandle } from "./tcp-handle.ts";
import type { Endpoint, ReadBuffers, Wire, WireOwner } from "./wire.ts";

export class SocketWire implements Wire {
  /** When the connection below TLS stood, by `performance.now()`; of connections to backends. */
  connectedAt = 0;
  readonly #owner: WireOwner;
  readonly #buffers: ReadBuffers;
  readonly #socket: TLSSocket;
  #isPaused = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  #awaitsDrain = false;
  #queuedBefore = 0;

  /** A TLS connection to a backend; `onConnect` follows when the handshake is done. */
  static connect(owner: WireOwner, buffers: ReadBuffers, to: Endpoint): SocketWire {
    const socket = tlsModule().connect({
      host: to.address,
      port: to.port,
      // An address has no place in SNI (RFC 6066 §3).
      servername: isIP(to.host) === 0 ? to.host : "",
      ALPNProtocols: ["http/1.1"],
    });
    socket.setNoDelay(true);
    const wire = new SocketWire(owner, buffers, socket);
    socket.once("connect", () => (wire.connectedAt = performance.now()));
    socket.on("secureConnect", () => wire.#guard(() => owner.onConnect()));
    return wire;
  }

  constructor(owner: WireOwner, buffers: ReadBuffers, socket: TLSSocket) {
    this.#owner = owner;
    this.#buffers = buffers;
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#guard(() => owner.onData(chunk, 0, chunk.length)));
    socket.on("end", () => this.#guard(() => owner.onEnd()));
    socket.on("error", (error) => (this.#error = error));
    socket.on("close", () => this.#closed());
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isGone(): boolean {
    return this.#isClosed || isDisconnected(socketHandle(this.#socket));
  }

  write(bytes: Buffer): boolean {
    if (this.#isClosed || this.#socket.destroyed) return true;
    this.#socket.write(bytes, this.#written);
    if (this.#socket.writableLength === 0) return true;
    this.#awaitsDrain = true;
    return false;
  }

  isShared(): boolean {
    return false;
  }

  takeBuffer(): void {}

  releaseBuffer(): void {}

  holdBuffer(): void {}

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Without a close_notify the peer sees a truncation (RFC 8446 §6.1). */
  reset(): void {
    this.#socket.destroy();
  }

  hasProgressed(): boolean {
    const queued = this.#socket.writableLength;
    const progressed = queued < this.#queuedBefore || this.#queuedBefore === 0;
    this.#queuedBefore = queued;
    return progressed;
  }

  #written = (): void => {
    if (!this.#awaitsDrain || this.#socket.writableLength !== 0) return;
    this.#awaitsDrain = false;
    this.#queuedBefore = 0;
    this.#guard(() => this.#owner.onDrain());
  };

  #closed(): void {
    this.#isClosed = true;
    try {
      this.#owner.onClose(this.#error);
    } catch (error) {
      this.#buffers.onFault(error);
    }
  }

  /** A mistake of ours in serving one connection ends that connection and nothing else. */
  #guard(run: () => void): void {
    if (this.#isClosed) return;
    try {
      run();
    } catch (error) {
      this.#buffers.onFault(error);
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
