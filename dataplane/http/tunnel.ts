/**
 * Tunnel: a client and a backend that speak with each other directly: an exchange whose backend has
 * agreed to switch to WebSocket (RFC 9110 §7.8, RFC 6455 §4), or a connection of a stream. Bytes pass both
 * ways as they are, each side may end its half alone, and silence in both directions has a limit.
 */
import type { Deadlines } from "../deadlines.ts";
import { PAUSED_LOOK_MS } from "../limits.ts";
import type { Account } from "../observation/account.ts";
import type { UpstreamConnection, UpstreamUser } from "../pool/upstream-connection.ts";
import type { Output } from "./output.ts";
import { Relay } from "./relay.ts";
import type { Wire } from "./wire.ts";

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

/** How a tunnel has ended: both sides have said that they are done, or what has cut it off. */
export type TunnelEnding = "finished" | "client-reset" | "backend-reset" | "idle";

/** Whom a tunnel tells how many bytes pass. */
export interface TunnelMeter {
  onPassed(toUpstream: number, toClient: number): void;
}

export class Tunnel implements UpstreamUser {
  /** What is noted of the request that it began as. */
  account: Account | undefined;
  readonly #context: TunnelContext;
  readonly #client: TunnelClient;
  readonly #upstream: UpstreamConnection;
  readonly #idleMs: number;
  readonly #onEnd: (ending: TunnelEnding) => void;
  readonly #meter: TunnelMeter | undefined;
  readonly #toUpstream = openRelay();
  readonly #toClient = openRelay();
  #hasClientEnded = false;
  #hasUpstreamEnded = false;
  #isClientGone = false;
  #isUpstreamGone = false;
  /** What has cut it off; "finished" while nothing has. */
  #ending: TunnelEnding = "finished";
  /** When both sides have been silent for too long. */
  #idleAt = Infinity;

  /**
   * @param idleMs how long both sides may be silent
   * @param onEnd called once, when both connections have gone
   */
  constructor(
    context: TunnelContext,
    client: TunnelClient,
    upstream: UpstreamConnection,
    idleMs: number,
    onEnd: (ending: TunnelEnding) => void,
    meter?: TunnelMeter,
  ) {
    this.#context = context;
    this.#client = client;
    this.#upstream = upstream;
    this.#idleMs = idleMs;
    this.#onEnd = onEnd;
    this.#meter = meter;
    this.#arm();
  }

  onClientData(bytes: Buffer, start: number, end: number): void {
    if (this.isBroken) return;
    this.#pass(this.#toUpstream, this.#client.wire, this.#upstream.wire, bytes, start, end);
    this.#meter?.onPassed(end - start, 0);
  }

  onResponseBytes(bytes: Buffer, start: number, end: number): void {
    if (this.isBroken || start === end) return;
    this.#pass(this.#toClient, this.#upstream.wire, this.#client.wire, bytes, start, end);
    this.#meter?.onPassed(0, end - start);
  }

  /** The client will send no more; it may still be sent to. */
  onClientEnd(): void {
    this.#hasClientEnded = true;
    this.#arm();
    this.#upstream.wire.end();
    if (this.#hasUpstreamEnded) this.#client.close();
  }

  onUpstreamEnd(): boolean {
    this.#hasUpstreamEnded = true;
    this.#arm();
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
    if (this.#isClientGone) return;
    this.#isClientGone = true;
    if (!this.#isFinished && !this.#isUpstreamGone) {
      this.#endBy("client-reset");
      this.#isUpstreamGone = true;
      this.#upstream.reset();
    }
    this.#look();
  }

  onUpstreamClosed(): void {
    if (this.#isUpstreamGone) return;
    this.#isUpstreamGone = true;
    if (!this.#isFinished) {
      this.#endBy("backend-reset");
      if (!this.#isClientGone) this.#client.cut();
    }
    this.#look();
  }

  onUpstreamConnected(): void {}

  /** Neither side has said anything for too long, unless one is still taking what was said before. */
  onUpstreamDeadline(): boolean {
    const client = this.#client.wire;
    const upstream = this.#upstream.wire;
    if (this.#context.deadlines.now < this.#idleAt) {
      // Who is not read from cannot be heard to go. Where both halves have ended the system says the
      // same of a connection of which there is more to be read.
      if (client.isPaused && !this.#hasUpstreamEnded && client.isGone) {
        this.#ending = "client-reset";
        this.#client.cut();
        return false;
      }
      if (upstream.isPaused && !this.#hasClientEnded && upstream.isGone) return true;
      this.#lookAgain();
      return false;
    }
    const isTaken =
      (!client.isFlushed && client.hasProgressed()) ||
      (!upstream.isFlushed && upstream.hasProgressed());
    if (!isTaken) {
      if (!this.#isFinished) this.#ending = "idle";
      return true;
    }
    this.#arm();
    return false;
  }

  get #isFinished(): boolean {
    return this.#hasClientEnded && this.#hasUpstreamEnded;
  }

  /** One side has gone, or has been silent for too long. */
  get isBroken(): boolean {
    return this.#ending !== "finished" || this.#isClientGone || this.#isUpstreamGone;
  }

  /** What came first is what it has ended by. */
  #endBy(ending: TunnelEnding): void {
    if (this.#ending === "finished") this.#ending = ending;
  }

  #look(): void {
    if (!this.#isClientGone || !this.#isUpstreamGone) return;
    this.#onEnd(this.#ending);
    this.account?.end(this.#toUpstream.bytes, this.#toClient.bytes);
    this.account = undefined;
  }

  #pass(relay: Relay, from: Wire, to: Wire, bytes: Buffer, start: number, end: number): void {
    const { output } = this.#context;
    output.clear();
    relay.push(from, to, output, bytes, start, end);
    this.#arm();
    if (from.isPaused) this.#lookAgain();
  }

  #arm(): void {
    this.#upstream.deadline = this.#idleAt = this.#context.deadlines.in(this.#idleMs);
  }

  /** One side is made to wait. */
  #lookAgain(): void {
    const paused = this.#client.wire.isPaused || this.#upstream.wire.isPaused;
    const lookAt = paused ? this.#context.deadlines.in(PAUSED_LOOK_MS) : Infinity;
    this.#upstream.deadline = Math.min(this.#idleAt, lookAt);
  }
}

/** A relay for bytes without any framing. */
function openRelay(): Relay {
  const relay = new Relay();
  relay.decoder.beginClose();
  relay.begin(false);
  return relay;
}
