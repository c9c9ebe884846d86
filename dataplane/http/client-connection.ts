/**
 * Client connection: one accepted socket, the requests that come in on it one behind the other, and
 * how it ends. What becomes of a request is exchange.ts's business.
 *
 * It is one state machine, and its deadline is that of the state that it is in:
 *
 *     idle ──► head ──► serving ──► idle          another request may follow
 *                          ├──────► unwanted ──►  answered before all of its body has come
 *                          └──────► tunnel        the exchange has become one
 *     any ──► closing                             what still comes is dropped
 *
 * While it is serving it may be made to wait (`pauseBody`) or have sent its FIN; then it is looked after
 * whether it is still there (presence.ts).
 */
import { LINGER_IN_BODY_MS, PAUSED_LOOK_MS, PIPELINE_BYTES_MAX } from "../limits.ts";
import { NO_TICKET, type Ticket } from "../connection-counts.ts";
import type { Runtime } from "../runtime.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { LF } from "./bytes.ts";
import { Linger } from "./linger.ts";
import type { Output } from "./output.ts";
import { Presence } from "./presence.ts";
import type { Tunnel } from "./tunnel.ts";
import type { Wire, WireOwner } from "./wire.ts";

export class ClientConnection implements WireOwner, ExchangeClient {
  deadline = Infinity;
  readonly peer: string;
  readonly isTls: boolean;
  readonly wire: Wire;
  /** For whoever accepted it and counted it: given back at the end. */
  ticket: Ticket = NO_TICKET;
  readonly #runtime: Runtime;
  readonly #exchange: Exchange;
  /** Bytes that wait: an incomplete head, a body before its backend is connected, the next request. */
  #stash: Buffer | undefined;
  #tunnel: Tunnel | undefined;
  /** Made when it is first needed: most clients are heard. */
  #presence: Presence | undefined;
  #linger: Linger | undefined;
  #isDriving = false;
  /** Between two requests, or before the first. */
  #isIdle = true;
  #keepAlive = true;
  /** Nothing more is served. */
  #isClosing = false;
  /** The client has sent its FIN. */
  #hasEnded = false;
  #idleSince = 0;
  #requests = 0;

  constructor(runtime: Runtime, isTls: boolean, wire: (owner: WireOwner) => Wire) {
    this.#runtime = runtime;
    this.isTls = isTls;
    this.wire = wire(this);
    const address = this.wire.remoteAddress;
    // A client that has reset its connection already has no address; its first bytes never come.
    this.peer = address.startsWith("::ffff:") ? address.slice(7) : address;
    this.#exchange = new Exchange(runtime, this);
    runtime.clients.add(this);
    runtime.deadlines.add(this);
    runtime.observer.recorder.thread.connectionOpened();
    this.#becomeIdle();
  }

  // --- bytes in ----------------------------------------------------------------------------------

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#isClosing) return this.#linger?.onData(end - start);
    if (this.#tunnel !== undefined) return this.#tunnel.onClientData(bytes, start, end);
    let isOurs = false;
    if (this.#stash !== undefined) {
      if (this.#isBusy) return this.#keep(Buffer.from(bytes.subarray(start, end)));
      // A head cannot become complete without another line's end.
      const isLineOpen = !this.#isServing && !bytes.subarray(start, end).includes(LF);
      bytes = Buffer.concat([this.#stash, bytes.subarray(start, end)]);
      start = 0;
      end = bytes.length;
      this.#stash = undefined;
      isOurs = true;
      if (isLineOpen && end < this.#runtime.limits.targetBytesMax) {
        this.#stash = bytes;
        return;
      }
    }
    this.#drive(bytes, start, end, isOurs);
  }

  /** A request is being served, or its body is still coming. */
  get #isServing(): boolean {
    return this.#exchange.isActive || !this.#exchange.request.isComplete;
  }

  /** A request is being served and all of it is here: what comes now is the next one. */
  get #isBusy(): boolean {
    return this.#exchange.isActive && this.#exchange.request.isComplete;
  }

  /**
   * Requests in `bytes`, one after the other, until one has to wait. What is left is kept, as it stands
   * where the bytes are ours, else as a copy.
   */
  #drive(bytes: Buffer, start: number, end: number, isOurs: boolean): void {
    const exchange = this.#exchange;
    this.#isDriving = true;
    while (start < end && !this.#isClosing) {
      if (!exchange.request.isComplete) {
        if (exchange.isActive && !exchange.takesBody) break;
        start = exchange.onRequestBytes(bytes, start, end);
        this.#armRead();
        if (!exchange.isActive) this.#settle();
        continue;
      }
      if (exchange.isActive || !this.wire.isFlushed) break;
      const behind = this.#runtime.requestHead.parse(bytes, start, end);
      if (behind === 0) {
        if (this.deadline === Infinity || this.#isIdle)
          this.deadline = this.#runtime.deadlines.in(this.#runtime.limits.headerTimeoutMs);
        this.#isIdle = false;
        break;
      }
      if (behind < 0) {
        this.#refuse(behind);
        break;
      }
      this.#isIdle = false;
      this.deadline = Infinity;
      const { requestHead, limits } = this.#runtime;
      const isLast = ++this.#requests >= limits.connectionRequestsMax;
      if (isLast && limits.connectionRequestsMax > 0) requestHead.keepAlive = false;
      start = exchange.begin(requestHead, bytes, behind, end);
      this.#armRead();
      if (!exchange.isActive) this.#settle();
    }
    this.#isDriving = false;
    if (this.#isClosing) return;
    if (start >= end) {
      // Nothing is left of what the client sent before its FIN: this body will not become whole.
      if (this.#hasEnded && exchange.isActive && !exchange.request.isComplete) {
        exchange.abort();
        this.close();
      }
      return;
    }
    const rest = bytes.subarray(start, end);
    this.#keep(isOurs ? rest : Buffer.from(rest));
  }

  /** Keeps bytes for later; a client that sends ever more meanwhile is not read from. */
  #keep(rest: Buffer): void {
    this.#stash = this.#stash === undefined ? rest : Buffer.concat([this.#stash, rest]);
    const waits = this.#exchange.isActive || !this.wire.isFlushed;
    if (!waits || this.#stash.length < PIPELINE_BYTES_MAX) return;
    this.wire.pause();
    this.#armLook();
  }

  /** Nobody takes the body just now. */
  pauseBody(): void {
    this.wire.pause();
    this.#armRead();
  }

  /** A backend takes the body: what waited goes on. */
  resumeBody(): void {
    this.wire.resume();
    this.#presence?.isRead();
    this.#armRead();
    this.#takeStash();
  }

  #takeStash(): void {
    const stash = this.#stash;
    if (stash === undefined) return;
    this.#stash = undefined;
    this.#drive(stash, 0, stash.length, true);
  }

  /** A head that breaks the rules: what follows cannot be told apart, so the connection ends. */
  #refuse(refusal: number): void {
    this.#exchange.refuse(refusal);
    this.#end(true);
  }

  // --- bytes out ---------------------------------------------------------------------------------

  /** The answer's head is in `output`, which is sent by whoever put it there. */
  beginAnswer(output: Output): void {
    this.#presence?.shorten(output);
  }

  /** Sends an interim answer. */
  send(output: Output): void {
    this.beginAnswer(output);
    this.#presence?.headSent();
    output.flush(this.wire);
  }

  /** After a write: a client that takes nothing for too long is cut off. */
  armWrite(): void {
    if (!this.wire.isFlushed)
      this.deadline = this.#runtime.deadlines.in(this.#runtime.generation.settings.writeTimeoutMs);
  }

  /** While a body is expected: a client that sends nothing for too long is cut off. */
  #armRead(): void {
    const { isActive, request } = this.#exchange;
    if (isActive && this.wire.isPaused) return this.#armLook();
    if (!request.isComplete) {
      // What nobody wants has a limit in all, see `#armUnwanted`.
      if (!isActive) return;
      this.deadline = this.#runtime.deadlines.in(this.#runtime.generation.settings.readTimeoutMs);
    } else if (this.wire.isFlushed) {
      this.deadline = Infinity;
    }
  }

  onDrain(): void {
    if (this.#isClosing) return this.#linger?.onDrain();
    this.deadline = Infinity;
    if (this.#tunnel !== undefined) return this.#tunnel.onClientDrain();
    if (this.#exchange.isActive) {
      if (this.#hasEnded) this.#armProbe();
      else this.#armRead();
      return this.#exchange.onClientDrain();
    }
    if (this.#exchange.request.isComplete) this.#becomeIdle();
    else this.#armUnwanted();
    this.#goOn();
  }

  /** The answer has been written; `keepAlive` says whether another request may follow. */
  onExchangeDone(keepAlive: boolean): void {
    this.#keepAlive = keepAlive;
    this.#presence = undefined;
    if (!this.#exchange.request.isComplete && this.wire.isFlushed) this.#armUnwanted();
    // In #drive the rest of this request's bytes comes first.
    if (this.#isDriving) return;
    this.#settle();
    if (!this.#isClosing) this.#goOn();
  }

  startTunnel(tunnel: Tunnel): void {
    this.#tunnel = tunnel;
    this.deadline = Infinity;
    const early = this.#stash;
    this.#stash = undefined;
    this.wire.resume();
    if (early !== undefined) tunnel.onClientData(early, 0, early.length);
    if (this.#hasEnded) tunnel.onClientEnd();
  }

  /** With what has come in meanwhile; a client that has ended and sent nothing more is done. */
  #goOn(): void {
    this.wire.resume();
    this.#takeStash();
    const waits = this.#exchange.isActive || (this.#stash !== undefined && !this.wire.isFlushed);
    if (this.#hasEnded && !waits) this.close();
  }

  /** Between two requests. */
  #settle(): void {
    if (!this.#keepAlive) return this.close();
    if (this.#exchange.request.isComplete) this.#becomeIdle();
  }

  #becomeIdle(): void {
    if (!this.wire.isFlushed) return;
    this.#isIdle = true;
    this.#idleSince = this.#runtime.deadlines.now;
    this.deadline = this.#runtime.deadlines.in(this.#runtime.generation.settings.idleTimeoutMs);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** The client's FIN: it may still wait for its answer, or be gone. */
  onEnd(): void {
    this.#hasEnded = true;
    if (this.#isClosing) return;
    if (this.#tunnel !== undefined) return this.#tunnel.onClientEnd();
    if (!this.#exchange.isActive) return this.#goOn();
    if (this.#exchange.request.isComplete) return this.#probe();
    this.#exchange.abort();
    this.close();
  }

  /** The client may wait for its answer, or be gone: a byte of the answer tells. */
  #probe(): void {
    if (this.#exchange.hasAnswered) return;
    this.#presence ??= new Presence();
    if (this.#presence.probe(this.wire)) this.#armProbe();
  }

  #armProbe(): void {
    if (this.#exchange.hasAnswered) return;
    this.deadline = this.#runtime.deadlines.in(this.#presence?.nextMs ?? 0);
  }

  /** The request is answered and its body is not here: so long the connection waits for the rest. */
  #armUnwanted(): void {
    this.deadline = this.#runtime.deadlines.in(LINGER_IN_BODY_MS);
  }

  #armLook(): void {
    if (!this.wire.isFlushed) return this.armWrite();
    this.deadline = this.#runtime.deadlines.in(PAUSED_LOOK_MS);
  }

  /**
   * A client that is made to wait is not read from, so that neither its reset nor its FIN is seen. The
   * first shows on the socket; the second has to be asked for now and then.
   */
  #look(): void {
    if (this.wire.isGone) {
      this.#exchange.abort();
      return this.cut();
    }
    this.#presence ??= new Presence();
    if (this.#presence.look()) this.#probe();
    this.#armLook();
  }

  onDeadline(): void {
    if (this.#isClosing) return;
    if (!this.wire.isFlushed) {
      if (this.wire.hasProgressed()) return this.armWrite();
      this.#exchange.abort("client_slow");
      return this.cut();
    }
    if (this.#exchange.isActive) {
      if (this.#hasEnded && this.#exchange.request.isComplete) return this.#probe();
      if (this.wire.isPaused) return this.#look();
      if (this.#exchange.request.isComplete) return;
      return this.#exchange.timeOutRequest();
    }
    if (!this.#isIdle && this.#exchange.request.isComplete) return this.#refuse(-408);
    this.close();
  }

  onConnect(): void {}

  onClose(): void {
    this.#isClosing = true;
    this.deadline = Infinity;
    this.#stash = undefined;
    this.#linger?.end();
    this.#runtime.connections.close(this.ticket);
    this.#runtime.clients.delete(this);
    this.#runtime.deadlines.remove(this);
    this.#runtime.observer.recorder.thread.connectionClosed();
    this.#exchange.abort();
    this.#tunnel?.onClientClosed();
    this.#runtime.onClientGone();
  }

  /** How long the connection has been without a request; -1 where it has one. Milliseconds. */
  get idleMs(): number {
    return this.#isIdle && !this.#exchange.isActive
      ? this.#runtime.deadlines.now - this.#idleSince
      : -1;
  }

  /** Ends the connection behind what has been written. */
  close(): void {
    this.#end(!this.#exchange.request.isComplete);
  }

  /** @param isInBody a body may be on its way */
  #end(isInBody: boolean): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.deadline = Infinity;
    this.#stash = undefined;
    this.#linger = new Linger(this.#runtime, this.wire, isInBody);
  }

  /** Ends the connection so that the client sees that what it has is not whole. */
  cut(): void {
    this.#isClosing = true;
    this.wire.reset();
  }
}
