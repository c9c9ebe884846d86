/**
 * UDP listener: the datagrams of a stream, each led to the session of its client. The system gives all
 * datagrams of one client to the same worker.
 */
import type { RemoteInfo, Socket } from "node:dgram";
import { isIPv4, isIPv6 } from "node:net";

import {
  type ConnectionCounter,
  NO_TICKET,
  plainAddress,
  type Ticket,
} from "../connection-counts.ts";
import type { Expiring } from "../deadlines.ts";
import { dgramModule } from "./dgram-module.ts";
import type { ProxiedAddresses } from "./proxy-header-reader.ts";
import type { StreamContext } from "./stream-context.ts";
import type { ListenAddress } from "../listening-sockets.ts";
import type { StreamListener } from "./stream-listener.ts";
import type { StreamCause } from "./stream-record.ts";
import type { Stream } from "./stream.ts";
import { UdpSession, type UdpSessionHome } from "./udp-session.ts";
import { UdpSessions } from "./udp-sessions.ts";

/** Bytes that the system has not taken yet; beyond that answers are dropped, as on any slow link. */
const QUEUED_BYTES_MAX = 4 * 1024 * 1024;

export class UdpListener implements StreamListener, UdpSessionHome, Expiring {
  deadline = Infinity;
  stream: Stream;
  counter: ConnectionCounter | undefined;
  readonly #context: StreamContext;
  readonly #sessions = new UdpSessions();
  #socket: Socket | undefined;
  #destination = "";
  #port = 0;
  #isRetired = false;

  constructor(context: StreamContext, stream: Stream, counter: ConnectionCounter | undefined) {
    this.#context = context;
    this.stream = stream;
    this.counter = counter;
  }

  async open({ host, port }: ListenAddress): Promise<void> {
    this.#destination = host;
    this.#port = port;
    if (host !== "") return this.#open(isIPv6(host) ? "udp6" : "udp4", { port, address: host });
    try {
      // Which is IPv4's, too.
      await this.#open("udp6", { port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAFNOSUPPORT") throw error;
      await this.#open("udp4", { port });
    }
  }

  /** Sessions last on for as long as they are used. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#closeUnused();
  }

  revive(): boolean {
    this.#isRetired = false;
    return this.#socket !== undefined;
  }

  reply(bytes: Buffer, { address, addresses }: UdpSession): void {
    const socket = this.#socket;
    if (socket === undefined || socket.getSendQueueSize() > QUEUED_BYTES_MAX) return;
    socket.send(bytes, addresses.sourcePort, address, ignore);
  }

  touched(session: UdpSession): void {
    const { deadlines } = this.#context.runtime;
    session.usedAt = deadlines.now;
    this.#sessions.touch(session);
    if (this.deadline === Infinity) this.deadline = deadlines.in(this.stream.policy.idleMs);
  }

  ended(session: UdpSession): void {
    this.#sessions.remove(session);
    this.counter?.close(session.ticket);
    this.#closeUnused();
  }

  onDeadline(): void {
    const { now } = this.#context.runtime.deadlines;
    const { idleMs } = this.stream.policy;
    for (;;) {
      const { oldest } = this.#sessions;
      if (oldest === undefined) return;
      if (oldest.usedAt + idleMs > now) {
        this.deadline = oldest.usedAt + idleMs;
        return;
      }
      oldest.end("idle");
    }
  }

  #open(type: "udp4" | "udp6", at: { port: number; address?: string }): Promise<void> {
    const socket = dgramModule().createSocket({ type, reusePort: true });
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(at, () => {
        socket.removeAllListeners("error");
        // What cannot be delivered is told with the datagram, where anybody cares.
        socket.on("error", ignore);
        socket.on("message", (bytes, from) => this.#receive(bytes, from));
        this.#socket = socket;
        this.#context.runtime.deadlines.add(this);
        resolve();
      });
    });
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    const session = this.#sessions.find(key) ?? this.#begin(key, from);
    session?.receive(bytes);
  }

  #begin(key: string, { address, port }: RemoteInfo): UdpSession | undefined {
    const { stream } = this;
    const { pool } = stream;
    if (this.#isRetired || pool === undefined) return undefined;
    const source = plainAddress(address);
    if (!stream.admits(source)) return this.#refused(source, port, "denied");
    const ticket = this.#count(source, port);
    if (ticket === undefined) return undefined;
    const addresses: ProxiedAddresses = {
      source,
      sourcePort: port,
      destination: this.#destination || (isIPv4(source) ? "0.0.0.0" : "::"),
      destinationPort: this.#port,
    };
    const client = { address, key, addresses, ticket };
    const session = new UdpSession(this.#context, this, stream, pool, client);
    this.#sessions.add(session);
    return session;
  }

  /** Where there are as many as may be, the one that has been idle for longest makes room. */
  #count(address: string, port: number): Ticket | undefined {
    const { counter } = this;
    if (counter === undefined) return NO_TICKET;
    let ticket = counter.open(address, false);
    if (ticket !== NO_TICKET) return ticket;
    if (counter.refusal === "client") return this.#refused(address, port, "client-connections");
    this.#sessions.oldest?.end("evicted");
    ticket = counter.open(address, false);
    return ticket === NO_TICKET ? this.#refused(address, port, "connections") : ticket;
  }

  #refused(client: string, clientPort: number, cause: StreamCause): undefined {
    const { counters } = this.#context;
    const stream = this.stream.name;
    counters.failed(counters.row(stream, ""), cause);
    const nothing = { backend: "", bytesIn: 0, bytesOut: 0, durationMs: 0 };
    this.#context.onEnd({ stream, client, clientPort, ...nothing, cause });
  }

  #closeUnused(): void {
    if (!this.#isRetired || this.#sessions.size > 0) return;
    this.#context.runtime.deadlines.remove(this);
    this.#socket?.close();
    this.#socket = undefined;
  }
}

function ignore(): void {}
