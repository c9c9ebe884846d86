/**
 * Stream connection: one client's connection to a stream, from the first byte to the last: which pool,
 * which backend, what is said to the backend first, and then bytes both ways.
 */
import type { ConnectionCounter, Ticket as CountTicket } from "../connection-counts.ts";
import type { Expiring } from "../deadlines.ts";
import type { TcpWire } from "../http/tcp-wire.ts";
import { Tunnel, type TunnelClient, type TunnelEnding, type TunnelMeter } from "../http/tunnel.ts";
import type { WireOwner } from "../http/wire.ts";
import type { Backend } from "../pool/backend.ts";
import type { Pool } from "../pool/pool.ts";
import { NO_TICKET, type Ticket } from "../pool/state/breaker.ts";
import type { UpstreamConnection } from "../pool/upstream-connection.ts";
import type { Client } from "../runtime.ts";
import { readClientHello } from "./client-hello.ts";
import { Dial, type DialUser } from "./dial.ts";
import type { ProxiedAddresses } from "./proxy-header-reader.ts";
import { type ProxyField, writeV1, writeV2 } from "./proxy-header-writer.ts";
import type { StreamContext } from "./stream-context.ts";
import type { CounterRow } from "./stream-counters.ts";
import type { StreamCause } from "./stream-record.ts";
import { clientHash, type Stream } from "./stream.ts";

/** A ClientHello in more pieces than this is no client's: it is read from the beginning with each. */
const HELLO_READS_MAX = 2_048;
/** Of what a connection says before it has a backend so much is kept, ClientHello or not. */
const STASH_BYTES_MAX = 128 * 1024;
/** Fields of a PROXY header (section 2.2). */
const TLV_ALPN = 0x01;
const TLV_AUTHORITY = 0x02;

/** Whose connection it is, and what it was counted with. */
export interface Counted {
  addresses: ProxiedAddresses;
  counter: ConnectionCounter | undefined;
  ticket: CountTicket;
}

export class StreamConnection
  implements WireOwner, Expiring, Client, TunnelClient, TunnelMeter, DialUser
{
  deadline = Infinity;
  readonly idleMs = -1;
  readonly wire: TcpWire;
  readonly #context: StreamContext;
  readonly #stream: Stream;
  readonly #counted: Counted;
  readonly #startedAt = performance.now();
  #cause: StreamCause = "client-reset";
  /** What has come before there was a backend. */
  #stash: Buffer | undefined;
  #reads = 0;
  #fields: ProxyField[] = NO_FIELDS;
  #hasEnded = false;
  #isWatched = true;
  #dial: Dial | undefined;
  #tunnel: Tunnel | undefined;
  #upstream: UpstreamConnection | undefined;
  #backend: Backend | undefined;
  #ticket: Ticket = NO_TICKET;
  #row: CounterRow = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(
    context: StreamContext,
    stream: Stream,
    counted: Counted,
    wire: (owner: WireOwner) => TcpWire,
  ) {
    this.#context = context;
    this.#stream = stream;
    this.#counted = counted;
    const { clients, deadlines } = context.runtime;
    clients.add(this);
    deadlines.add(this);
    this.wire = wire(this);
    if (stream.sni === undefined) this.#choose(stream.pool);
    else this.deadline = deadlines.in(stream.policy.clientHelloMs);
  }

  // --- the client --------------------------------------------------------------------------------

  onData(bytes: Buffer, start: number, end: number): void {
    const tunnel = this.#tunnel;
    if (tunnel !== undefined) return tunnel.onClientData(bytes, start, end);
    const fresh = bytes.subarray(start, end);
    this.#stash =
      this.#stash === undefined ? Buffer.from(fresh) : Buffer.concat([this.#stash, fresh]);
    if (this.#dial === undefined) this.#readHello(this.#stash);
    else if (this.#stash.length > STASH_BYTES_MAX) this.wire.pause();
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#tunnel !== undefined) this.#tunnel.onClientEnd();
    // A ClientHello does not become whole any more.
    else if (this.#dial === undefined) this.#refuse("client-hello");
  }

  onDrain(): void {
    this.#tunnel?.onClientDrain();
  }

  onClose(): void {
    const dial = this.#dial;
    this.#dial = undefined;
    dial?.cancel();
    if (this.#tunnel === undefined) this.#finish();
    else this.#tunnel.onClientClosed();
  }

  onConnect(): void {}

  onDeadline(): void {
    if (this.#tunnel === undefined) return this.#refuse("client-hello");
    // Both sides have ended, and the client has still to take what was said.
    if (!this.wire.isFlushed && this.wire.hasProgressed()) this.close();
    else this.wire.reset();
  }

  #readHello(bytes: Buffer): void {
    const hello = readClientHello(bytes);
    if (hello.state === "incomplete" && ++this.#reads < HELLO_READS_MAX) return;
    if (hello.state !== "complete") return this.#refuse("client-hello");
    const { name, protocols } = hello;
    const { sni, pool } = this.#stream;
    if (name !== "") this.#fields = [{ type: TLV_AUTHORITY, value: Buffer.from(name, "latin1") }];
    // Of several the backend chooses, and nobody knows yet which.
    if (protocols.length === 1) {
      const value = Buffer.from(protocols[0]!, "latin1");
      this.#fields = [...this.#fields, { type: TLV_ALPN, value }];
    }
    this.#choose(sni!.find(name) ?? pool);
  }

  #choose(pool: Pool | undefined): void {
    if (pool === undefined) return this.#refuse("no-route");
    const { deadlines } = this.#context.runtime;
    this.deadline = Infinity;
    deadlines.remove(this);
    this.#isWatched = false;
    // Until there is somebody to say it to.
    this.wire.pause();
    const { connectMs } = this.#stream.policy;
    const hash = clientHash(pool, this.#counted.addresses.source);
    const dial = new Dial(this.#context.runtime, this, pool, hash, connectMs);
    this.#dial = dial;
    dial.start();
  }

  // --- the backend -------------------------------------------------------------------------------

  onDialled(upstream: UpstreamConnection, ticket: Ticket): void {
    const { counters, runtime } = this.#context;
    const { name, policy } = this.#stream;
    const stash = this.#stash;
    this.#dial = undefined;
    this.#stash = undefined;
    this.#upstream = upstream;
    this.#backend = upstream.backend;
    this.#ticket = ticket;
    this.#row = counters.row(name, upstream.backend.id);
    counters.opened(this.#row);
    const header = this.#header();
    if (header !== undefined) upstream.wire.write(header);
    const tunnel = new Tunnel(
      runtime,
      this,
      upstream,
      policy.idleMs,
      (ending) => this.#onEnding(ending),
      this,
    );
    this.#tunnel = tunnel;
    upstream.reassign(tunnel);
    this.wire.resume();
    if (stash !== undefined) tunnel.onClientData(stash, 0, stash.length);
    if (this.#hasEnded) tunnel.onClientEnd();
  }

  onDialFailed(cause: "no-backend" | "connect-failure"): void {
    this.#dial = undefined;
    if (cause === "no-backend") this.#tellFailure(cause, "");
    this.#refuse(cause);
  }

  onUnreachable(backend: Backend, error: Error | undefined): void {
    this.#tellFailure(error?.message ?? "connection refused", backend.id);
  }

  onPassed(toUpstream: number, toClient: number): void {
    this.#bytesIn += toUpstream;
    this.#bytesOut += toClient;
    this.#context.counters.passed(this.#row, toUpstream, toClient);
  }

  /** What the backend is told of whose connection it is. */
  #header(): Buffer | undefined {
    const { send } = this.#stream.policy.proxyProtocol;
    const { addresses } = this.#counted;
    if (send === "off") return undefined;
    return send === "v1" ? writeV1(addresses) : writeV2(addresses, 1, this.#fields);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Both sides have ended: all that is left is what the client has still to take. */
  close(): void {
    // Closing says what a FIN says, and its bytes are on their way.
    if (this.wire.isFlushed) return this.wire.destroy();
    this.wire.end();
    const { deadlines } = this.#context.runtime;
    if (!this.#isWatched) deadlines.add(this);
    this.#isWatched = true;
    this.deadline = deadlines.in(this.#stream.policy.idleMs);
  }

  /** Ends both connections so that both sides see that what they have is not whole. */
  cut(): void {
    const tunnel = this.#tunnel;
    if (tunnel === undefined) return this.#refuse("cut");
    this.wire.reset();
    this.#upstream?.reset();
    // Where the tunnel is the one that asks, it tells how it has ended itself.
    if (!tunnel.isBroken) this.#onEnding("cut");
  }

  #refuse(cause: StreamCause): void {
    this.#cause = cause;
    this.wire.reset();
  }

  #onEnding(ending: TunnelEnding | "cut"): void {
    this.#cause = ending;
    this.#finish();
  }

  #finish(): void {
    const { runtime, counters } = this.#context;
    const { clients, deadlines } = runtime;
    if (!clients.delete(this)) return;
    deadlines.remove(this);
    this.deadline = Infinity;
    const { addresses, counter, ticket } = this.#counted;
    const durationMs = performance.now() - this.#startedAt;
    const backend = this.#backend;
    if (backend === undefined) {
      counters.failed(counters.row(this.#stream.name, ""), this.#cause);
    } else {
      counters.closed(this.#row, this.#cause, durationMs);
      backend.settle("aborted", 0, this.#ticket);
    }
    counter?.close(ticket);
    this.#context.onEnd({
      stream: this.#stream.name,
      client: addresses.source,
      clientPort: addresses.sourcePort,
      backend: backend?.id ?? "",
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durationMs,
      cause: this.#cause,
    });
    runtime.onClientGone();
  }

  #tellFailure(cause: string, backend: string): void {
    const { addresses } = this.#counted;
    this.#context.onFailure({
      side: "backend",
      cause,
      stream: this.#stream.name,
      backend,
      client: addresses.source,
    });
  }
}

const NO_FIELDS: ProxyField[] = [];
