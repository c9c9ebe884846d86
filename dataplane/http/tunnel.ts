/**
 * Tunnel: what an exchange becomes when its backend has agreed to switch to WebSocket (RFC 9110 §7.8,
 * RFC 6455 §4). From then on bytes pass both ways as they are, each side may end its half alone, and
 * silence in both directions has a limit.
 */
import { type Deadlines } from "../deadlines.ts";
import { type Account } from "../observation/account.ts";
import { type UpstreamConnection, type UpstreamUser } from "../pool/upstream-connection.ts";
import { type Output } from "./output.ts";
import { Relay } from "./relay.ts";
import { type Wire } from "./wire.ts";

/** The client's side of a tunnel. */
export interface TunnelClient {
  readonly wire: Wire;
  /** Ends the connection behind what was written. */
  close(): void;
  /** The connection cannot go on. */
  cut(): void;
}

export interface TunnelContext {
  readonly deadlines: Deadlines;
  readonly output: Output;
}

export class Tunnel implements UpstreamUser {
  /** What is noted of the request that it began as. */
  account: Account | undefined;
  readonly #context: TunnelContext;
  readonly #client: TunnelClient;
  readonly #upstream: UpstreamConnection;
  readonly #idleMs: number;
  readonly #onEnd: () => void;
  readonly #toUpstream = openRelay();
  readonly #toClient = openRelay();
  #hasClientEnded = false;
  #hasUpstreamEnded = false;
  /** One side has gone. */
  #isBroken = false;

  /**
   * @param idleMs how long both sides may be silent
   * @param onEnd called once, when the client's connection has gone
   */
  constructor(
    context: TunnelContext,
    client: TunnelClient,
    upstream: UpstreamConnection,
    idleMs: number,
    onEnd: () => void,
  ) {
    this.#context = context;
    this.#client = client;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
    this.#onEnd = onEnd;
    this.#arm();
  }

  onClientData(bytes: Buffer, start: number, end: number): void {
    if (this.#isBroken) return;
    this.#pass(this.#toUpstream, this.#client.wire, this.#upstream.wire, bytes, start, end);
  }

  onResponseBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#isBroken || start === end) return;
    this.#pass(this.#toClient, this.#upstream.wire, this.#client.wire, bytes, start, end);
  }

  /** The client will send no more; it may still be sent to. */
  onClientEnd(): void {
    this.#hasClientEnded = true;
    this.#upstream.wire.end();
    if (this.#hasUpstreamEnded) this.#client.close();
  }

  onUpstreamEnd(): boolean {
    this.#hasUpstreamEnded = true;
    if (this.#hasClientEnded) this.#client.close();
    else this.#client.wire.end();
    // A wire whose halves have both ended closes when what was written has gone.
    return true;
  }

  onClientDrain(): void {
    this.#upstream.wire.resume();
  }

  onUpstreamDrain(): void {
    this.#client.wire.resume();
  }

  /** The client has gone. What it sent before it ended still goes to the backend. */
  onClientClosed(): void {
    this.#onEnd();
    this.account?.end(this.#toUpstream.bytes, this.#toClient.bytes);
    this.account = undefined;
    if (this.#hasClientEnded && this.#hasUpstreamEnded) return;
    this.#isBroken = true;
    this.#upstream.destroy();
  }

  onUpstreamClosed(): void {
    if (this.#isBroken || (this.#hasClientEnded && this.#hasUpstreamEnded)) return;
    this.#isBroken = true;
    this.#client.cut();
  }

  onUpstreamConnected(): void {}

  /** Neither side has said anything for too long, unless one is still taking what was said before. */
  onUpstreamDeadline(): boolean {
    const wires = [this.#client.wire, this.#upstream.wire];
    if (!wires.some((wire) => !wire.isFlushed && wire.hasProgressed())) return true;
    this.#arm();
    return false;
  }

  #pass(relay: Relay, from: Wire, to: Wire, bytes: Buffer, start: number, end: number): void {
    const { output } = this.#context;
    output.clear();
    relay.push(from, to, output, bytes, start, end);
    this.#arm();
  }

  #arm(): void {
    this.#upstream.deadline = this.#context.deadlines.in(this.#idleMs);
  }
}

/** A relay for bytes without any framing. */
function openRelay(): Relay {
  const relay = new Relay();
  relay.decoder.beginClose();
  relay.begin(false);
  return relay;
}
