/**
 * Listener: a worker's own socket on the common port, plain or TLS. What it accepts becomes client
 * connections of the worker's runtime.
 */
import { createServer as createPlainServer, type Server } from "node:net";
import type { Server as TlsServer } from "node:tls";

import { NO_TICKET, plainAddress, type Ticket } from "./connection-counts.ts";
import { ClientConnection } from "./http/client-connection.ts";
import { SocketWire } from "./http/socket-wire.ts";
import { type ListeningHandle, onAccept, type TcpHandle } from "./http/tcp-handle.ts";
import { TcpWire } from "./http/tcp-wire.ts";
import { type TlsMaterial } from "./messages.ts";
import { type Runtime } from "./runtime.ts";
import { tlsModule } from "./tls-module.ts";

/** Waiting connections the system keeps for a listener; it may cap it lower. */
const BACKLOG = 4096;
/** A TLS handshake takes two round trips; slower than this is an attack. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** While it closes, what waits is accepted first; so long at most. Milliseconds. */
const CLOSING_MS_MAX = 500;
/** A turn of the event loop that takes less leaves next to no time for a connection to slip in. */
const SHORT_TURN_MS = 0.1;

/** Where to listen: sockets taken over from another process, or else an address. */
export interface ListenOn {
  host: string;
  port: number;
  taken: readonly ListeningHandle[];
}

export class Listener {
  /** Listening, one for each socket; nearly always one. */
  readonly servers: Server[] = [];
  readonly #runtime: Runtime;
  readonly #admits: (handle: TcpHandle) => boolean;
  #tls: TlsMaterial | undefined;
  #accepted = 0;
  #handshakes = 0;
  /** Of the connection that Node makes a socket of just now. */
  #arriving: Ticket = NO_TICKET;
  #isClosing = false;

  /**
   * Speaks TLS where `tls` is given.
   *
   * @param admits says whether a new connection is served; those that are not are reset
   */
  constructor(
    runtime: Runtime,
    tls: TlsMaterial | undefined,
    admits: (handle: TcpHandle) => boolean,
  ) {
    this.#runtime = runtime;
    this.#tls = tls;
    this.#admits = admits;
  }

  /**
   * Opens the socket, or goes on with those that were taken.
   *
   * @returns its port
   * @throws Error where the address cannot be listened on
   */
  async open({ host, port, taken }: ListenOn): Promise<number> {
    if (taken.length === 0) return this.#open(host === "" ? { port } : { host, port });
    for (const handle of taken) await this.#open(handle);
    return port;
  }

  /** TLS connections that are no client's yet. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Certificates for connections from now on; those that stand keep theirs. */
  setTls(tls: TlsMaterial): void {
    this.#tls = tls;
    for (const server of this.servers) (server as TlsServer).setSecureContext(tlsOptions(tls));
  }

  /**
   * Accepts what waits, then nothing more; connections stay. What is in a socket's queue when it closes
   * is reset by the system, so that is done right behind a turn of the event loop that found none.
   */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const end = performance.now() + CLOSING_MS_MAX;
    let turnedAt = 0;
    let accepted = -1;
    while (performance.now() < end) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = performance.now();
      if (accepted === this.#accepted && now - turnedAt < SHORT_TURN_MS) break;
      accepted = this.#accepted;
      turnedAt = now;
    }
    for (const server of this.servers.splice(0)) server.close();
  }

  #open(on: ListeningHandle | { host?: string; port: number }): Promise<number> {
    const server = this.#tls === undefined ? createPlainServer() : this.#createTls(this.#tls);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      const listening = (): void => {
        const address = server.address();
        if (this.#isClosing) {
          server.close();
        } else {
          onAccept(server, (handle) => this.#takes(handle));
          this.servers.push(server);
        }
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      };
      if ("port" in on) server.listen({ ...on, reusePort: true, backlog: BACKLOG }, listening);
      else server.listen(on, BACKLOG, listening);
    });
  }

  /** What is plain becomes a connection here; TLS goes on in Node's hands. */
  #takes(handle: TcpHandle): boolean {
    this.#accepted++;
    const ticket = this.#admits(handle) ? this.#count(handle) : NO_TICKET;
    if (ticket === NO_TICKET) {
      if (handle.reset(() => {}) !== 0) handle.close(() => {});
      return true;
    }
    if (this.#tls !== undefined) {
      this.#handshakes++;
      this.#arriving = ticket;
      return false;
    }
    const { buffers } = this.#runtime;
    const connection = new ClientConnection(this.#runtime, false, (owner) =>
      TcpWire.accepted(owner, buffers, handle),
    );
    connection.ticket = ticket;
    return true;
  }

  /** Counts a connection, unless a limit on connections is against it. */
  #count(handle: TcpHandle): Ticket {
    const { connections, generation } = this.#runtime;
    const name: { address?: string } = {};
    handle.getpeername(name);
    const address = name.address ?? "";
    // A client that has reset its connection already has no address, and no connection soon.
    return connections.open(address, address === "" || generation.trusts(plainAddress(address)));
  }

  #createTls(tls: TlsMaterial): TlsServer {
    const runtime = this.#runtime;
    const server = tlsModule().createServer({
      ...tlsOptions(tls),
      noDelay: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ALPNProtocols: ["http/1.1"],
    });
    // Here and not at its TLS end, so that handshakes count, whatever becomes of them.
    server.prependListener("connection", (socket) => {
      const ticket = this.#arriving;
      socket.once("close", () => runtime.connections.close(ticket));
    });
    // A handshake that fails or takes too long is only told; ending it is left to us.
    server.on("tlsClientError", (_, socket) => {
      this.#handshakes--;
      socket.destroy();
    });
    server.on("secureConnection", (socket) => {
      this.#handshakes--;
      // From here on a FIN is the request's end and not the connection's.
      socket.allowHalfOpen = true;
      new ClientConnection(
        runtime,
        true,
        (owner) => new SocketWire(owner, runtime.buffers, socket),
      );
    });
    return server;
  }
}

function tlsOptions({ cert, key }: TlsMaterial) {
  return { cert, key, minVersion: "TLSv1.2" } as const;
}
