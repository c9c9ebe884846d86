/**
 * Listener: a worker's own sockets on the common port, plain or TLS. What they accept becomes client
 * connections of the worker's runtime.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import type { Server as TlsServer } from "node:tls";

import { NO_TICKET, plainAddress, type Ticket } from "./connection-counts.ts";
import { ClientConnection } from "./http/client-connection.ts";
import { SocketWire } from "./http/socket-wire.ts";
import type { SocketName, TcpHandle } from "./http/tcp-handle.ts";
import { TcpWire } from "./http/tcp-wire.ts";
import type { WireOwner } from "./http/wire.ts";
import { type ListenAddress, type ListeningHandle, ListeningSockets } from "./listening-sockets.ts";
import type { TlsMaterial } from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import { ProxyGate } from "./stream/proxy-gate.ts";
import { tlsModule } from "./tls-module.ts";

/** A TLS handshake takes two round trips; slower than this is an attack. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const NOTHING = Buffer.alloc(0);

/** Where to listen. */
export interface ListenOn extends ListenAddress {
  /** With so many sockets, unless some are taken over. */
  sockets: number;
  /** Sockets taken over from another process, as they were opened together there. */
  taken: readonly (readonly ListeningHandle[])[];
}

export class Listener {
  /** What was opened together, here or in another process; nearly always one. */
  readonly sockets: ListeningSockets[] = [];
  readonly #runtime: Runtime;
  readonly #admits: (handle: TcpHandle) => boolean;
  /** Makes connections of plain ones; it listens on nothing itself. */
  readonly #tls: TlsServer | undefined;
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
    this.#tls = tls === undefined ? undefined : this.#createTls(tls);
    this.#admits = admits;
  }

  /**
   * Opens its sockets, or goes on with those that were taken.
   *
   * @returns its port
   * @throws Error where the address cannot be listened on
   */
  async open({ host, port, sockets, taken }: ListenOn): Promise<number> {
    const takes = (handle: TcpHandle): void => this.#takes(handle);
    for (const handles of taken) this.sockets.push(new ListeningSockets(handles, takes));
    if (taken.length > 0) return port;
    const opened = await ListeningSockets.open({ host, port }, sockets, takes);
    this.sockets.push(opened);
    const { port: number } = opened;
    if (this.#isClosing) await this.#close();
    return number;
  }

  /** TLS connections that are no client's yet. */
  get handshakes(): number {
    return this.#handshakes;
  }

  /** Certificates for connections from now on; those that stand keep theirs. */
  setTls(tls: TlsMaterial): void {
    this.#tls?.setSecureContext(tlsOptions(tls));
  }

  /** Accepts what waits, then nothing more; connections stay. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all(this.sockets.map((sockets) => sockets.close()));
    this.sockets.length = 0;
  }

  /** What is plain becomes a connection here; TLS goes on in Node's hands. */
  #takes(handle: TcpHandle): void {
    const peer = peerOf(handle);
    const isProxy = this.#runtime.generation.proxies?.has(peer) === true;
    // Behind a proxy's address are its clients, each with a limit of its own.
    const ticket = this.#admits(handle) ? this.#count(isProxy ? "" : peer) : NO_TICKET;
    if (ticket === NO_TICKET) {
      if (handle.reset(() => {}) !== 0) handle.close(() => {});
      return;
    }
    if (isProxy) return this.#awaitHeader(handle, ticket);
    if (this.#tls !== undefined) return this.#startTls(this.#tls, handle, ticket);
    const { buffers } = this.#runtime;
    this.#serve(ticket, (owner) => TcpWire.accepted(owner, buffers, handle));
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
        if (this.#tls !== undefined) {
          return this.#startTls(this.#tls, wire.release(), counted, bytes.subarray(start, end));
        }
        const connection = this.#serve(counted, (owner) => {
          wire.adopt(owner);
          return wire;
        });
        if (end > start) connection.onData(bytes, start, end);
      },
    });
  }

  /** @param early what was read already */
  #startTls(server: TlsServer, handle: TcpHandle, ticket: Ticket, early: Buffer = NOTHING): void {
    handle.setNoDelay(true);
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
