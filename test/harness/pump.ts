// Pump: writes a lot into a connection, as fast as the other side takes it and no faster.

import type { Peer } from "./peer.ts";
import { sleep } from "./until.ts";

const PIECE = Buffer.alloc(64 * 1024);
/** Without progress for so long it has stalled. */
const STALL_MS = 500;

export class Pump {
  /** Resolves when everything has gone to the system, or the connection has ended. */
  readonly done: Promise<void>;
  readonly #peer: Peer;
  readonly #before: number;

  /** Begins at once: `bytes` zeros. */
  constructor(peer: Peer, bytes: number) {
    this.#peer = peer;
    this.#before = peer.socket.bytesWritten;
    this.done = this.#run(bytes);
  }

  /** How many bytes the system has taken. */
  get sent(): number {
    const { socket } = this.#peer;
    return socket.bytesWritten - socket.writableLength - this.#before;
  }

  /** Waits until nothing moves any more; gives what has been sent by then. */
  async stalls(): Promise<number> {
    for (;;) {
      const before = this.sent;
      await sleep(STALL_MS);
      if (this.sent === before) return before;
    }
  }

  async #run(bytes: number): Promise<void> {
    const { socket } = this.#peer;
    for (let left = bytes; left > 0 && !socket.destroyed; left -= PIECE.length) {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          socket.off("close", settle);
          resolve();
        };
        socket.on("close", settle);
        socket.write(left < PIECE.length ? PIECE.subarray(0, left) : PIECE, settle);
      });
    }
  }
}
