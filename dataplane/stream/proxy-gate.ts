/**
 * Proxy gate: a new connection of a trusted proxy, until the header of the PROXY protocol with which it
 * has to begin has been read. Whoever is to have the connection gets it then, with the client's address
 * for its peer's.
 */
import type { Expiring } from "../deadlines.ts";
import { plainAddress } from "../connection-counts.ts";
import { renamePeer, type TcpHandle } from "../http/tcp-handle.ts";
import { TcpWire } from "../http/tcp-wire.ts";
import type { WireOwner } from "../http/wire.ts";
import type { Client, Runtime } from "../runtime.ts";
import {
  INCOMPLETE,
  MALFORMED,
  type ProxiedAddresses,
  ProxyHeaderReader,
} from "./proxy-header-reader.ts";

/** Whom a gate tells, once, unless the proxy has gone before. */
export interface ProxyGateUser {
  /**
   * The header has been read; the wire needs another owner at once, or another use.
   *
   * @param addresses whose connection it is; a `source` of "" is that the proxy speaks for itself
   * @param bytes from `start` to `end` what has come behind the header; as in `WireOwner.onData`
   */
  onPassed(
    wire: TcpWire,
    addresses: ProxiedAddresses,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** It did not come in time, is none, or the proxy has gone; the connection is over. */
  onRefused(): void;
}

/** What is read never waits for a second reader. */
const reader = new ProxyHeaderReader();

export class ProxyGate implements WireOwner, Expiring, Client {
  deadline: number;
  readonly idleMs = -1;
  readonly #runtime: Runtime;
  readonly #user: ProxyGateUser;
  readonly #handle: TcpHandle;
  readonly #wire: TcpWire;
  #stash: Buffer | undefined;
  #isOpen = true;

  constructor(runtime: Runtime, handle: TcpHandle, timeoutMs: number, user: ProxyGateUser) {
    this.#runtime = runtime;
    this.#user = user;
    this.#handle = handle;
    this.deadline = runtime.deadlines.in(timeoutMs);
    runtime.deadlines.add(this);
    runtime.clients.add(this);
    this.#wire = TcpWire.accepted(this, runtime.buffers, handle);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (!this.#isOpen) return;
    if (this.#stash !== undefined) {
      bytes = Buffer.concat([this.#stash, bytes.subarray(start, end)]);
      start = 0;
      end = bytes.length;
    }
    const length = reader.read(bytes, start, end);
    if (length === MALFORMED) return this.cut();
    if (length === INCOMPLETE) {
      this.#stash = this.#stash === undefined ? Buffer.from(bytes.subarray(start, end)) : bytes;
      return;
    }
    const addresses = { ...reader.addresses };
    addresses.source = plainAddress(addresses.source);
    addresses.destination = plainAddress(addresses.destination);
    const { source, sourcePort } = addresses;
    if (source !== "") renamePeer(this.#handle, { address: source, port: sourcePort });
    this.#close();
    this.#user.onPassed(this.#wire, addresses, bytes, start + length, end);
    this.#runtime.onClientGone();
  }

  onEnd(): void {
    this.cut();
  }

  onClose(): void {
    this.#refuse();
  }

  onDeadline(): void {
    this.cut();
  }

  onDrain(): void {}
  onConnect(): void {}

  /** Nothing of it is idle: it has a limit of its own. */
  close(): void {}

  cut(): void {
    this.#wire.reset();
    this.#refuse();
  }

  #refuse(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#user.onRefused();
    this.#runtime.onClientGone();
  }

  #close(): void {
    this.#isOpen = false;
    this.#stash = undefined;
    this.#runtime.deadlines.remove(this);
    this.#runtime.clients.delete(this);
  }
}
