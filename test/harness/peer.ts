// Peer: one end of a TCP connection that a test holds in its hands, client or origin. It sends bytes
// in the pieces it is told to, and tells a FIN from a reset.

import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

import { openEnd } from "./open-ends.ts";
import { within } from "./until.ts";

/** The other side has reset the connection. */
export class ConnectionReset extends Error {
  override name = "ConnectionReset";
}

/** Received and not yet read; the socket is paused above it. */
const QUEUE_BYTES_MAX = 1024 * 1024;

export class Peer {
  readonly socket: Socket;
  /** How the other side has ended its sending; undefined while it has not. */
  ending: "fin" | "reset" | undefined;
  bytesReceived = 0;
  /** The test has closed it. */
  isClosed = false;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isHeld = false;
  #wake: () => void = () => undefined;

  /** @param socket with `allowHalfOpen`, not read from yet */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#received(chunk));
    socket.on("end", () => this.#ended("fin"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") this.#ended("reset");
    });
    socket.on("close", () => this.#ended("reset"));
    openEnd(() => this.close());
  }

  // --- sending -----------------------------------------------------------------------------------

  /** Sends pieces, each in a write of its own once the one before has gone to the system. */
  async send(...pieces: readonly (string | Uint8Array)[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await turn();
      const bytes = typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
      await new Promise<void>((resolve) => {
        this.socket.write(bytes, () => resolve());
      });
    }
  }

  /** Sends without waiting until the system has taken it. */
  post(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends a FIN; reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Sends a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Closes the connection; nothing more is read. */
  close(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  // --- receiving ---------------------------------------------------------------------------------

  /** Reads nothing more from the socket, so that the other side feels it. */
  hold(): void {
    this.#isHeld = true;
    this.socket.pause();
  }

  /** Reads again. */
  release(): void {
    this.#isHeld = false;
    this.socket.resume();
  }

  /**
   * The next bytes; undefined behind a FIN.
   *
   * @throws ConnectionReset behind a reset
   */
  async read(withinMs?: number): Promise<Buffer | undefined> {
    while (this.#queue.length === 0) {
      if (this.ending === "fin") return undefined;
      if (this.ending === "reset") throw new ConnectionReset();
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await within("bytes or an end from the other side", woken, withinMs);
    }
    const chunk = this.#queue.shift()!;
    this.#queuedBytes -= chunk.length;
    if (!this.#isHeld && this.#queuedBytes < QUEUE_BYTES_MAX) this.socket.resume();
    return chunk;
  }

  /** Puts bytes back: the next `read` gives them first. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#queue.unshift(bytes);
    this.#queuedBytes += bytes.length;
  }

  /** Everything until the other side ends, and how it ended. */
  async rest(withinMs?: number): Promise<{ bytes: Buffer; ending: "fin" | "reset" }> {
    const chunks: Buffer[] = [];
    try {
      for (;;) {
        const chunk = await this.read(withinMs);
        if (chunk === undefined) return { bytes: Buffer.concat(chunks), ending: "fin" };
        chunks.push(chunk);
      }
    } catch (error) {
      if (!(error instanceof ConnectionReset)) throw error;
      return { bytes: Buffer.concat(chunks), ending: "reset" };
    }
  }

  #received(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes >= QUEUE_BYTES_MAX) this.socket.pause();
    this.#wake();
  }

  /** The first ending counts: behind a FIN the socket closes too. */
  #ended(ending: "fin" | "reset"): void {
    this.ending ??= ending;
    this.#wake();
  }
}
