/**
 * UDP session: what one client's address and port has with one backend. It lasts for as long as either
 * of them says something now and then.
 */
import type { Ticket as CountTicket } from "../connection-counts.ts";
import type { Backend } from "../pool/backend.ts";
import { isDescriptorError } from "../descriptors.ts";
import type { Pool } from "../pool/pool.ts";
import type { Client } from "../runtime.ts";
import { BACKENDS_MAX } from "./dial.ts";
import type { ProxiedAddresses } from "./proxy-header-reader.ts";
import { writeV2 } from "./proxy-header-writer.ts";
import type { StreamContext } from "./stream-context.ts";
import type { CounterRow } from "./stream-counters.ts";
import type { StreamCause } from "./stream-record.ts";
import { clientHash, type Stream } from "./stream.ts";
import { UdpLeg, type UdpLegUser } from "./udp-leg.ts";

/** The socket that the client speaks to. */
export interface UdpSessionHome {
  reply(bytes: Buffer, session: UdpSession): void;
  /** It has been used just now. */
  touched(session: UdpSession): void;
  /** It is over. */
  ended(session: UdpSession): void;
}

export class UdpSession implements Client, UdpLegUser {
  /** As the system gives and takes it; the port is in `addresses`. */
  readonly address: string;
  readonly key: string;
  readonly addresses: ProxiedAddresses;
  readonly ticket: CountTicket;
  /** When somebody has said something last, in the time of `Deadlines`. */
  usedAt = 0;
  /** Its neighbours in the order of use: written by the table alone. */
  older: UdpSession | undefined;
  newer: UdpSession | undefined;
  readonly #context: StreamContext;
  readonly #home: UdpSessionHome;
  readonly #stream: Stream;
  readonly #pool: Pool;
  readonly #startedAt = performance.now();
  readonly #request: { hash: number; sticky: number; tried: Backend[] };
  #leg: UdpLeg | undefined;
  #row: CounterRow = 0;
  #header: Buffer | undefined;
  #backendId = "";
  #bytesIn = 0;
  #bytesOut = 0;
  #isOver = false;

  constructor(
    context: StreamContext,
    home: UdpSessionHome,
    stream: Stream,
    pool: Pool,
    client: { address: string; key: string; addresses: ProxiedAddresses; ticket: CountTicket },
  ) {
    this.#context = context;
    this.#home = home;
    this.#stream = stream;
    this.#pool = pool;
    this.address = client.address;
    this.key = client.key;
    this.addresses = client.addresses;
    this.ticket = client.ticket;
    this.#request = { hash: clientHash(pool, client.addresses.source), sticky: -1, tried: [] };
    if (stream.policy.proxyProtocol.send === "v2") this.#header = writeV2(client.addresses, 2);
    context.runtime.clients.add(this);
  }

  get idleMs(): number {
    return this.#context.runtime.deadlines.now - this.usedAt;
  }

  /** A datagram from the client. */
  receive(bytes: Buffer): void {
    this.#home.touched(this);
    if (this.#leg === undefined && !this.#pick()) return;
    this.#bytesIn += bytes.length;
    this.#context.counters.passed(this.#row, bytes.length, 0);
    this.#leg?.send(this.#header === undefined ? bytes : Buffer.concat([this.#header, bytes]));
  }

  onDatagram(leg: UdpLeg, bytes: Buffer): void {
    this.#home.touched(this);
    leg.unanswered = undefined;
    if (!leg.hasAnswered) {
      leg.hasAnswered = true;
      this.#request.tried.length = 0;
      const latencyMs = performance.now() - leg.startedAt;
      leg.ticket = leg.backend.report("success", latencyMs, leg.ticket);
    }
    this.#bytesOut += bytes.length;
    this.#context.counters.passed(this.#row, 0, bytes.length);
    this.#home.reply(bytes, this);
  }

  /** Another backend is sent what this one was sent last. */
  onLegFailed(leg: UdpLeg, error: NodeJS.ErrnoException): void {
    const { unanswered } = leg;
    const { tried } = this.#request;
    if (isDescriptorError(error)) return this.end("connections");
    this.#context.onFailure({
      side: "backend",
      cause: error.message,
      stream: this.#stream.name,
      backend: leg.backend.id,
      client: this.addresses.source,
    });
    leg.ticket = leg.backend.report("connect-failure", 0, leg.ticket);
    this.#closeLeg("backend-reset");
    tried.push(leg.backend);
    // What has not been sent yet, for want of an address, is the last one, too.
    if (tried.length < BACKENDS_MAX && this.#pick() && unanswered !== undefined)
      this.#leg?.send(unanswered);
    else if (this.#leg === undefined) this.end("connect-failure");
  }

  close(): void {
    this.end("idle");
  }

  cut(): void {
    this.end("cut");
  }

  end(cause: StreamCause): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { counters, runtime } = this.#context;
    if (this.#leg !== undefined) this.#closeLeg(cause);
    else counters.failed(counters.row(this.#stream.name, ""), cause);
    runtime.clients.delete(this);
    this.#home.ended(this);
    this.#context.onEnd({
      stream: this.#stream.name,
      client: this.addresses.source,
      clientPort: this.addresses.sourcePort,
      backend: this.#backendId,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durationMs: performance.now() - this.#startedAt,
      cause,
    });
    runtime.onClientGone();
  }

  /** @returns false where there is no backend; the session is over then, unless one was tried just now */
  #pick(): boolean {
    const { tried } = this.#request;
    const pool = this.#pool;
    const backend = pool.pick(this.#request);
    if (backend === undefined || tried.includes(backend)) {
      // Where no other is left a pool gives one that was tried.
      backend?.settle("aborted", 0, pool.ticket);
      if (tried.length === 0) this.end("no-backend");
      return false;
    }
    const { counters, runtime } = this.#context;
    const leg = new UdpLeg(this, backend, pool.ticket);
    this.#leg = leg;
    this.#backendId = backend.id;
    this.#row = counters.row(this.#stream.name, backend.id);
    counters.opened(this.#row);
    leg.open(runtime.deadlines.now);
    return this.#leg === leg;
  }

  #closeLeg(cause: StreamCause): void {
    const leg = this.#leg;
    if (leg === undefined) return;
    this.#leg = undefined;
    leg.close();
    leg.backend.settle("aborted", 0, leg.ticket);
    this.#context.counters.closed(this.#row, cause, performance.now() - leg.startedAt);
  }
}
