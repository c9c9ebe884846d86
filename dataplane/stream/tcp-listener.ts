/**
 * TCP listener: accepts the connections of a stream, within its limits and from whom it is for.
 */
import {
  type ConnectionCounter,
  NO_TICKET,
  plainAddress,
  type Ticket,
} from "../connection-counts.ts";
import type { SocketName, TcpHandle } from "../http/tcp-handle.ts";
import { TcpWire } from "../http/tcp-wire.ts";
import { type ListenAddress, ListeningSockets } from "../listening-sockets.ts";
import { ProxyGate } from "./proxy-gate.ts";
import type { ProxiedAddresses } from "./proxy-header-reader.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { StreamContext } from "./stream-context.ts";
import type { StreamListener } from "./stream-listener.ts";
import type { StreamCause } from "./stream-record.ts";
import type { Stream } from "./stream.ts";

export class TcpListener implements StreamListener {
  stream: Stream;
  counter: ConnectionCounter | undefined;
  readonly #context: StreamContext;
  readonly #admits: (handle: TcpHandle) => boolean;
  #sockets: ListeningSockets | undefined;

  /** @param admits says whether there is a descriptor to serve a new connection with */
  constructor(
    context: StreamContext,
    stream: Stream,
    counter: ConnectionCounter | undefined,
    admits: (handle: TcpHandle) => boolean,
  ) {
    this.#context = context;
    this.stream = stream;
    this.counter = counter;
    this.#admits = admits;
  }

  async open(address: ListenAddress, sockets: number): Promise<void> {
    this.#sockets = await ListeningSockets.open(address, sockets, (handle) => this.#takes(handle));
  }

  async retire(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = undefined;
    await sockets?.close();
  }

  /** What waits in its queue is being taken already, and no more than that will be. */
  revive(): boolean {
    return this.#sockets !== undefined;
  }

  #takes(handle: TcpHandle): void {
    const { stream, counter } = this;
    const { policy } = stream;
    const addresses = addressesOf(handle, policy.proxyProtocol.send !== "off");
    const { source } = addresses;
    // Without an address it has been reset already.
    if (source === "" || !this.#admits(handle)) {
      this.#refused(addresses, source === "" ? "client-reset" : "connections");
      drop(handle);
    } else if (stream.expectsHeader(source)) {
      // Behind a proxy's address are its clients, each with a limit of its own.
      const ticket = counter === undefined ? NO_TICKET : counter.open("", true);
      if (counter !== undefined && ticket === NO_TICKET) {
        this.#refused(addresses, this.#limit());
        drop(handle);
      } else {
        this.#awaitHeader(handle, addresses, stream, counter, ticket);
      }
    } else {
      const { buffers } = this.#context.runtime;
      const connection = this.#begin(stream, counter, addresses, (owner) =>
        TcpWire.accepted(owner, buffers, handle),
      );
      if (connection === undefined) drop(handle);
    }
  }

  #awaitHeader(
    handle: TcpHandle,
    peer: ProxiedAddresses,
    stream: Stream,
    counter: ConnectionCounter | undefined,
    ticket: Ticket,
  ): void {
    new ProxyGate(this.#context.runtime, handle, stream.policy.proxyProtocol.timeoutMs, {
      onRefused: () => {
        counter?.close(ticket);
        this.#refused(peer, "proxy-header");
      },
      onPassed: (wire, addresses, bytes, start, end) => {
        counter?.close(ticket);
        const client = addresses.source === "" ? peer : addresses;
        const connection = this.#begin(stream, counter, client, (owner) => {
          wire.adopt(owner);
          return wire;
        });
        if (connection === undefined) wire.reset();
        else if (end > start) connection.onData(bytes, start, end);
      },
    });
  }

  /** @returns undefined where the client is not served; the wire is not made then */
  #begin(
    stream: Stream,
    counter: ConnectionCounter | undefined,
    addresses: ProxiedAddresses,
    wire: ConstructorParameters<typeof StreamConnection>[3],
  ): StreamConnection | undefined {
    const { source } = addresses;
    if (!stream.admits(source)) return this.#refused(addresses, "denied");
    const ticket = counter === undefined ? NO_TICKET : counter.open(source, false);
    if (counter !== undefined && ticket === NO_TICKET)
      return this.#refused(addresses, this.#limit());
    return new StreamConnection(this.#context, stream, { addresses, counter, ticket }, wire);
  }

  /** Which limit has just refused a connection. */
  #limit(): StreamCause {
    return this.counter?.refusal === "client" ? "client-connections" : "connections";
  }

  #refused({ source, sourcePort }: ProxiedAddresses, cause: StreamCause): undefined {
    const { counters } = this.#context;
    const stream = this.stream.name;
    counters.failed(counters.row(stream, ""), cause);
    this.#context.onEnd({
      stream,
      client: source,
      clientPort: sourcePort,
      backend: "",
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      cause,
    });
  }
}

/** The client cannot take it for an answer. */
function drop(handle: TcpHandle): void {
  if (handle.reset(() => {}) !== 0) handle.close(() => {});
}

/** @param withDestination whether this side's address is wanted, too */
function addressesOf(handle: TcpHandle, withDestination: boolean): ProxiedAddresses {
  const name: SocketName = {};
  handle.getpeername(name);
  const source = plainAddress(name.address ?? "");
  const sourcePort = name.port ?? 0;
  if (withDestination) handle.getsockname(name);
  return {
    source,
    sourcePort,
    destination: withDestination ? plainAddress(name.address ?? "") : "",
    destinationPort: withDestination ? (name.port ?? 0) : 0,
  };
}
