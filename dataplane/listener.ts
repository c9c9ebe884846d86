/**
 * Listener: a worker's own socket on the common port, plain or TLS. What it accepts becomes client
 * connections of the worker's runtime.
 */
import {
  createServer as createPlainServer,
  isIP,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from "node:net";
import type { Server as TlsServer } from "node:tls";

import { emptyAcceptQueue } from "./accept-queue.ts";
import { NO_TICKET, plainAddress, type Ticket } from "./connection-counts.ts";
import { ClientConnection } from "./http/client-connection.ts";
import { SocketWire } from "./http/socket-wire.ts";
import {
  type ListeningHandle,
  listenWithOthers,
  onAccept,
  type SocketName,
  type TcpHandle,
} from "./http/tcp-handle.ts";
import { TcpWire } from "./http/tcp-wire.ts";
import type { WireOwner } from "./http/wire.ts";
import type { TlsMaterial } from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import { ProxyGate } from "./stream/proxy-gate.ts";
import { tlsModule } from "./tls-module.ts";

/** Waiting connections the system keeps for a listener; it may cap it lower. */
const BACKLOG = 4096;
/** A TLS handshake takes two round trips; slower than this is an attack. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

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
    if (taken.length === 0) return this.#open({ host, port });
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

  /** Accepts what waits, then nothing more; connections stay. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await emptyAcceptQueue(() => this.#accepted);
    for (const server of this.servers.splice(0)) server.close();
  }

  #open(on: ListeningHandle | { host: string; port: number }): Promise<number> {
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
      server.once("listening", listening);
      if (!("port" in on)) server.listen(on, BACKLOG);
      else if (on.host === "" || isIP(on.host) !== 0)
        listenWithOthers(server, { ...on, backlog: BACKLOG });
      else server.listen({ ...on, reusePort: true, backlog: BACKLOG });
    });
  }

  /** What is plain becomes a connection here; TLS goes on in Node's hands. */
  #takes(handle: TcpHandle): boolean {
    this.#accepted++;
    const peer = peerOf(handle);
    const isProxy = this.#runtime.generation.proxies?.has(peer) === true;
    // Behind a proxy's address are its clients, each with a limit of its own.
    const ticket = this.#admits(handle) ? this.#count(isProxy ? "" : peer) : NO_TICKET;
    if (ticket === NO_TICKET) {
      if (handle.reset(() => {}) !== 0) handle.close(() => {});
      return true;
    }
    if (isProxy) {
      this.#awaitHeader(handle, ticket);
      return true;
    }
    if (this.#tls !== undefined) {
      this.#handshakes++;
      this.#arriving = ticket;
      return false;
    }
    const { buffers } = this.#runtime;
    this.#serve(ticket, (owner) => TcpWire.accepted(owner, buffers, handle));
    return true;
  }

  #serve(ticket: Ticket, wire: (owner: WireOwner) => TcpWire): ClientConnection {
    const connection = new ClientConnection(this.#runtime, false, wire);
    connection.ticket = ticket;
    return connection;
  }

  /** A trusted proxy says first whose connection it is. */
  #awaitHeader(handle: TcpHandle, ticket: Ticket): void {
    const { connections, generation } = this.#runtime;
    const { timeoutMs } = generation.settings.proxyProtocol;
    new ProxyGate(this.#runtime, handle, timeoutMs, {
      onRefused: () => connections.close(ticket),
      onPassed: (wire, _, bytes, start, end) => {
        connections.close(ticket);
        const counted = this.#count(wire.remoteAddress);
        if (counted === NO_TICKET) return wire.reset();
        const server = this.servers[0];
        if (this.#tls !== undefined && server !== undefined) {
          return this.#startTls(server, wire.release(), counted, bytes.subarray(start, end));
        }
        const connection = this.#serve(counted, (owner) => {
          wire.adopt(owner);
          return wire;
        });
        if (end > start) connection.onData(bytes, start, end);
      },
    });
  }

  /** TLS begins behind what was read already. */
  #startTls(server: Server, handle: TcpHandle, ticket: Ticket, early: Buffer): void {
    const socket = new Socket({ handle } as unknown as SocketConstructorOpts);
    if (early.length > 0) socket.unshift(Buffer.from(early));
    this.#handshakes++;
    this.#arriving = ticket;
    server.emit("connection", socket);
  }

  /** Counts a connection, unless a limit on connections is against it. */
  #count(address: string): Ticket {
    const { connections, generation } = this.#runtime;
    // A client that has reset its connection already has no address, and no connection soon.
    return connections.open(address, address === "" || generation.trusts(address));
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

/** "" where the connection has been reset already. */
function peerOf(handle: TcpHandle): string {
  const name: SocketName = {};
  handle.getpeername(name);
  return plainAddress(name.address ?? "");
}
