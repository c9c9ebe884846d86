/**
 * UDP leg: the socket of one session to one backend. A connected socket gets datagrams from its backend
 * only, and learns when nobody listens there.
 */
import type { Socket } from "node:dgram";
import { isIPv6 } from "node:net";

import type { Destination } from "../pool/addresses.ts";
import type { Backend } from "../pool/backend.ts";
import type { Ticket } from "../pool/state/breaker.ts";
import { dgramModule } from "./dgram-module.ts";

/** Datagrams kept until the socket is there. */
const WAITING_MAX = 16;
/** Bytes that the system has not taken yet; beyond that datagrams are dropped, as on any slow link. */
const QUEUED_BYTES_MAX = 1024 * 1024;

export interface UdpLegUser {
  onDatagram(leg: UdpLeg, bytes: Buffer): void;
  /** Nothing can be sent to it; to be closed. */
  onLegFailed(leg: UdpLeg, error: NodeJS.ErrnoException): void;
}

export class UdpLeg {
  readonly backend: Backend;
  readonly startedAt: number = performance.now();
  ticket: Ticket;
  /** It has answered. */
  hasAnswered = false;
  /** Sent last, and not answered so far. */
  unanswered: Buffer | undefined;
  readonly #user: UdpLegUser;
  #socket: Socket | undefined;
  #waiting: Buffer[] | undefined = [];
  #isClosed = false;

  constructor(user: UdpLegUser, backend: Backend, ticket: Ticket) {
    this.#user = user;
    this.backend = backend;
    this.ticket = ticket;
  }

  /** @param now of `Deadlines` */
  open(now: number): void {
    this.backend.addresses.get(now, (error, [destination]) => {
      if (this.#isClosed) return;
      if (destination === undefined) this.#failed(error ?? new Error("no address"));
      else this.#connect(destination);
    });
  }

  send(bytes: Buffer): void {
    this.unanswered = bytes;
    if (this.#waiting !== undefined) {
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push(bytes);
    } else if (this.#socket !== undefined && this.#socket.getSendQueueSize() < QUEUED_BYTES_MAX) {
      this.#socket.send(bytes, this.#sent);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = undefined;
    this.#socket?.close();
  }

  #connect({ address, port }: Destination): void {
    const type = isIPv6(address) ? "udp6" : "udp4";
    const socket = dgramModule().createSocket({ type, lookup: numericLookup });
    this.#socket = socket;
    socket.on("error", (error) => this.#failed(error));
    socket.on("message", (bytes) => this.#user.onDatagram(this, bytes));
    socket.connect(port, address, () => {
      if (this.#isClosed) return;
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const bytes of waiting) socket.send(bytes, this.#sent);
    });
  }

  /** Without it the system's word that nobody listens would be lost. */
  #sent = (error: Error | null): void => {
    if (error !== null) this.#failed(error);
  };

  #failed(error: NodeJS.ErrnoException): void {
    if (!this.#isClosed) this.#user.onLegFailed(this, error);
  }
}

type LookupCallback = (error: null, address: string, family: number) => void;

/** Addresses only, and without a detour. */
function numericLookup(address: string, _: unknown, callback: LookupCallback): void {
  callback(null, address, isIPv6(address) ? 6 : 4);
}
