/**
 * Exchange: one request and its answer, from the head that has been read to the answer's last byte.
 * This file is the life of a request; read it from `begin` down.
 *
 * A client connection has one exchange at a time and uses the object again for the next one.
 */
import { type Route } from "../generation.ts";
import { type Backend } from "../pool/backend.ts";
import { type UpstreamConnection, type UpstreamUser } from "../pool/upstream-connection.ts";
import { type Runtime } from "../runtime.ts";
import { type RequestPeer } from "./decision.ts";
import { type Output } from "./output.ts";
import { Relay } from "./relay.ts";
import { type RequestHead } from "./request-head.ts";
import { writeRequestHead } from "./request-writer.ts";
import { writeInterimHead, writeOwnAnswer, writeResponseHead } from "./response-writer.ts";
import { type OwnStatus } from "./status.ts";
import { Tunnel } from "./tunnel.ts";
import { type Wire } from "./wire.ts";

/** Interim answers of one exchange that are relayed; a backend that sends more is broken. */
const INTERIM_ANSWERS_MAX = 16;
/** A tunnel may be silent for so long: HAProxy's usual `timeout tunnel`. */
const TUNNEL_IDLE_MS = 3_600_000;

/** Whom an exchange answers. */
export interface ExchangeClient extends RequestPeer {
  readonly wire: Wire;
  /** The backend is connected: body bytes that waited go on. */
  resumeBody(): void;
  /** The answer's head is in `output`; whoever put it there flushes it. */
  beginAnswer(output: Output): void;
  /** Sends an interim answer. */
  send(output: Output): void;
  /** Something was written: from now on the client has to take it. */
  armWrite(): void;
  /** Ends the connection behind what was written. */
  close(): void;
  /** The answer cannot be completed. */
  cut(): void;
  onExchangeDone(keepAlive: boolean): void;
  /** The backend has switched: from now on the connection's bytes are the tunnel's. */
  startTunnel(tunnel: Tunnel): void;
}

export class Exchange implements UpstreamUser {
  /** A request has begun and its answer is not complete. */
  isActive = false;
  /** The answer's head has gone to the client. */
  hasAnswered = false;
  /** What is left of the request's body on the client's wire. */
  readonly request: Relay = new Relay();
  readonly #response: Relay = new Relay();
  readonly #runtime: Runtime;
  readonly #client: ExchangeClient;
  #route: Route | undefined;
  #backend: Backend | undefined;
  #upstream: UpstreamConnection | undefined;
  /** The request as it was written, while it may have to be written again. */
  #message: Buffer | undefined;
  /** Bytes of an answer's head that is not complete. */
  #stash: Buffer | undefined;
  #minor = 1;
  #isHead = false;
  #keepAlive = true;
  #isRepeatable = false;
  #wantsContinue = false;
  #wantsWebSocket = false;
  #hasBody = false;
  #retried = false;
  #timedOut = false;
  #interim = 0;
  /** What the backend said of its connection. */
  #upstreamKeepAlive = true;
  #upstreamKeepAliveSeconds = -1;
  /** CORS lines that the answer carries. */
  #cors = "";

  constructor(runtime: Runtime, client: ExchangeClient) {
    this.#runtime = runtime;
    this.#client = client;
  }

  /**
   * Serves the request whose head ends at `at`; as much of its body as `bytes` holds goes with it.
   *
   * @returns where the bytes begin that are not this request's
   */
  begin(head: RequestHead, bytes: Buffer, at: number, end: number): number {
    const { decision, output } = this.#runtime;
    this.#open(head);
    decision.decide(head, bytes, this.#client);
    this.#cors = decision.cors;
    if (decision.status !== 0) {
      this.reply(decision.status, decision.fields, decision.json);
      return this.#discard(bytes, at, end);
    }
    this.#route = decision.forwarding.route;
    this.#backend = decision.forwarding.backend;
    this.request.bytesMax = this.#route.bodyBytesMax;
    output.clear();
    writeRequestHead(output, bytes, head, decision.forwarding);
    return this.#forward(bytes, at, end);
  }

  // --- the request -------------------------------------------------------------------------------

  #open(head: RequestHead): void {
    this.isActive = true;
    this.hasAnswered = false;
    this.#minor = head.minor;
    this.#isHead = head.isHead;
    this.#keepAlive = head.keepAlive && !this.#runtime.isDraining;
    this.#isRepeatable = head.isRepeatable;
    this.#wantsContinue = head.expectsContinue;
    this.#wantsWebSocket = head.wantsWebSocket;
    this.#retried = this.#timedOut = false;
    this.#interim = 0;
    if (head.isChunked) this.request.decoder.beginChunked();
    else this.request.decoder.beginLength(Math.max(head.contentLength, 0));
    this.#hasBody = !this.request.decoder.done;
    this.request.begin(head.isChunked);
  }

  /** Sends what is in the output buffer, and the body that is here already, to the backend. */
  #forward(bytes: Buffer, at: number, end: number): number {
    const { output } = this.#runtime;
    const upstream = this.#backend!.take(this.#runtime);
    this.#upstream = upstream;
    if (!upstream.isConnected) {
      // Until the connection stands nothing is sent, so that a failed attempt costs nothing.
      if (this.#hasBody) this.#client.wire.pause();
      this.#message = output.snapshot();
      output.clear();
      upstream.deadline = Infinity;
      upstream.assign(this);
      if (this.#upstream === upstream)
        upstream.deadline = this.#in(this.#route!.timeouts.connectMs);
      return at;
    }
    upstream.assign(this);
    if (this.#hasBody) {
      if (!this.request.push(this.#client.wire, upstream.wire, output, bytes, at, end)) {
        output.clear();
        return this.#refuseBody(end);
      }
      at = this.request.decoder.next;
    } else {
      this.#message = this.#isRepeatable ? output.snapshot() : undefined;
      output.flush(upstream.wire);
    }
    this.#armUpstream();
    return at;
  }

  /** The new connection stands: what was held back goes. */
  onUpstreamConnected(): void {
    const upstream = this.#upstream!;
    const { output } = this.#runtime;
    output.clear();
    output.put(this.#message!);
    this.#message = undefined;
    output.flush(upstream.wire);
    this.#armUpstream();
    if (this.#hasBody) this.#client.resumeBody();
  }

  /** False while the backend's connection does not stand yet: body bytes have to wait. */
  get takesBody(): boolean {
    return this.#upstream === undefined || this.#upstream.isConnected;
  }

  /** The client has not sent its body in time. */
  timeOutRequest(): void {
    this.#dropUpstream();
    this.#keepAlive = false;
    if (this.hasAnswered) this.#cut();
    else this.reply(408);
  }

  /**
   * More bytes from the client while its request's body is not complete.
   *
   * @returns where the bytes begin that are not this request's
   */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    const upstream = this.#upstream;
    if (upstream === undefined) return this.#discard(bytes, start, end);
    const { output } = this.#runtime;
    output.clear();
    if (!this.request.push(this.#client.wire, upstream.wire, output, bytes, start, end)) {
      return this.#refuseBody(end);
    }
    this.#armUpstream();
    return this.request.decoder.next;
  }

  /**
   * The request's body breaks its framing or is too long: nobody shall take it for a whole one.
   *
   * @returns where to go on reading; of a body that is only too long it is known where it ends
   */
  #refuseBody(end: number): number {
    const { isTooLong, decoder } = this.request;
    this.#dropUpstream();
    if (!isTooLong) this.#keepAlive = false;
    if (this.hasAnswered) this.#cut();
    else this.reply(isTooLong ? 413 : 400);
    if (!isTooLong) return end;
    if (decoder.done) this.#client.wire.releaseBuffer();
    return decoder.next;
  }

  onUpstreamDrain(): void {
    this.#client.wire.resume();
    this.#armUpstream();
  }

  // --- the answer --------------------------------------------------------------------------------

  /** Bytes from the backend. */
  onResponseBytes(bytes: Buffer, start: number, end: number): void {
    if (this.hasAnswered) {
      this.#relayAnswer(bytes, start, end);
      return;
    }
    if (this.#stash !== undefined) {
      bytes = Buffer.concat([this.#stash, bytes.subarray(start, end)]);
      start = 0;
      end = bytes.length;
      this.#stash = undefined;
    }
    const head = this.#runtime.responseHead;
    for (;;) {
      const behind = head.parse(bytes, start, end);
      if (behind < 0) return this.#fail(502);
      if (behind === 0) {
        if (end > start) this.#stash = Buffer.from(bytes.subarray(start, end));
        return;
      }
      if (head.status >= 200) return this.#answerHead(bytes, behind, end);
      if (head.status === 101) return this.#switch(bytes, behind, end);
      if (++this.#interim > INTERIM_ANSWERS_MAX) return this.#fail(502);
      this.#relayInterim(bytes);
      start = behind;
    }
  }

  /** 101: the exchange becomes a tunnel, where that was asked for. */
  #switch(bytes: Buffer, at: number, end: number): void {
    const { responseHead, output } = this.#runtime;
    if (!this.#wantsWebSocket || !responseHead.upgradesToWebSocket) return this.#fail(502);
    const upstream = this.#upstream!;
    output.clear();
    writeInterimHead(output, bytes, responseHead);
    this.#client.send(output);
    const tunnel = new Tunnel(this.#runtime, this.#client, upstream, TUNNEL_IDLE_MS);
    upstream.reassign(tunnel);
    this.#upstream = undefined;
    this.#end();
    this.#client.startTunnel(tunnel);
    tunnel.onResponseBytes(bytes, at, end);
  }

  /** 1xx: passed on to clients that know of it; a 100 only to one that asked for it. */
  #relayInterim(bytes: Buffer): void {
    const { responseHead, output } = this.#runtime;
    if (this.#minor === 0 || (responseHead.status === 100 && !this.#wantsContinue)) return;
    output.clear();
    writeInterimHead(output, bytes, responseHead);
    this.#client.send(output);
  }

  /** The final head: how the body comes, how it goes, and as much of it as is here. */
  #answerHead(bytes: Buffer, at: number, end: number): void {
    const { responseHead: head, output } = this.#runtime;
    const { decoder } = this.#response;
    const bodiless = this.#isHead || head.status === 204 || head.status === 304;
    if (bodiless) decoder.beginLength(0);
    else if (head.isChunked) decoder.beginChunked();
    else if (head.contentLength !== -1) decoder.beginLength(head.contentLength);
    else decoder.beginClose();

    const unsized = !bodiless && (head.isChunked || decoder.endsWithConnection);
    const chunked = unsized && this.#minor > 0;
    if (unsized && !chunked) this.#keepAlive = false;
    // An early answer: what is left of the request may be a lot, see `#finish`.
    if (!this.request.decoder.done && this.#wantsContinue && this.request.bytes === 0)
      this.#keepAlive = false;
    if (this.#runtime.isDraining) this.#keepAlive = false;
    this.#response.begin(chunked);
    this.hasAnswered = true;
    this.#message = undefined;
    this.#upstreamKeepAlive = head.keepAlive && !decoder.endsWithConnection;
    this.#upstreamKeepAliveSeconds = head.keepAliveSeconds;
    output.clear();
    writeResponseHead(output, bytes, head, {
      minor: this.#minor,
      keepAlive: this.#keepAlive,
      chunked,
      contentLength: head.status === 204 ? -1 : head.contentLength,
      cors: this.#cors,
    });
    this.#client.beginAnswer(output);
    this.#relayAnswer(bytes, at, end);
  }

  /** Body bytes, behind the head where that is still in the output buffer. */
  #relayAnswer(bytes: Buffer, start: number, end: number): void {
    const { output } = this.#runtime;
    const upstream = this.#upstream!;
    const { decoder } = this.#response;
    if (decoder.done) {
      output.flush(this.#client.wire);
      if (start < end) this.#upstreamKeepAlive = false;
    } else if (start < end || output.length > 0) {
      if (!this.#response.push(upstream.wire, this.#client.wire, output, bytes, start, end)) {
        const isHeadUnsent = output.length > 0;
        output.clear();
        if (isHeadUnsent) {
          this.hasAnswered = false;
          return this.#fail(502);
        }
        this.#dropUpstream();
        return this.#cut();
      }
      // Bytes behind the answer belong to nobody: the connection is not used again.
      if (decoder.next < end) this.#upstreamKeepAlive = false;
    }
    this.#client.armWrite();
    if (decoder.done) this.#finish();
    else this.#armUpstream();
  }

  /** The client has taken everything: the backend may go on. */
  onClientDrain(): void {
    const upstream = this.#upstream;
    if (upstream === undefined || !this.hasAnswered) return;
    upstream.wire.resume();
    this.#armUpstream();
  }

  /** A backend that ends its half has nothing more to say. */
  onUpstreamEnd(): boolean {
    return false;
  }

  /** The backend's connection has ended, with or without an error. */
  onUpstreamClosed(error: NodeJS.ErrnoException | undefined): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (!this.isActive || upstream === undefined) return;
    if (this.hasAnswered) {
      const isWhole = error === undefined && !this.#timedOut;
      if (isWhole && this.#response.decoder.endOfInput()) {
        this.#runtime.output.clear();
        this.#response.finish(this.#client.wire, this.#runtime.output);
        return this.#finish();
      }
      return this.#cut();
    }
    const untouched = this.#stash === undefined && this.#interim === 0 && !this.#timedOut;
    if (upstream.isReused && untouched && this.#message !== undefined && !this.#retried) {
      return this.#retryFresh();
    }
    this.#fail(this.#timedOut ? 504 : 502);
  }

  /** A kept connection was closed as the request was sent: once more, on a new one (RFC 9112 §9.3.1). */
  #retryFresh(): void {
    this.#retried = true;
    const upstream = this.#backend!.take(this.#runtime, true);
    this.#upstream = upstream;
    upstream.assign(this);
    if (this.#upstream === upstream) upstream.deadline = this.#in(this.#route!.timeouts.connectMs);
  }

  /** A limit of the backend's side has passed. True where the connection is over. */
  onUpstreamDeadline(): boolean {
    const upstream = this.#upstream!;
    const { timeouts } = this.#route!;
    if (upstream.isConnected && !upstream.wire.isFlushed && upstream.wire.hasProgressed()) {
      upstream.deadline = this.#in(timeouts.writeMs);
      return false;
    }
    if (this.hasAnswered && upstream.wire.isPaused) {
      // It is the client who does not read; the client's own limit sees to that.
      upstream.deadline = this.#in(timeouts.readMs);
      return false;
    }
    this.#timedOut = true;
    return true;
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Answers with a status of Balto's own. `fields` are whole lines. */
  reply(status: OwnStatus, fields = "", json = ""): void {
    const { output } = this.#runtime;
    if (!this.request.decoder.done && this.#wantsContinue) this.#keepAlive = false;
    output.clear();
    writeOwnAnswer(output, {
      status,
      fields: this.#cors + fields,
      json,
      minor: this.#minor,
      keepAlive: this.#keepAlive,
      isHead: this.#isHead,
    });
    this.hasAnswered = true;
    this.#client.beginAnswer(output);
    output.flush(this.#client.wire);
    this.#client.armWrite();
    this.#finish();
  }

  /** The backend failed before its answer's head: an answer of our own. */
  #fail(status: OwnStatus): void {
    this.#dropUpstream();
    this.reply(status);
  }

  /** The answer cannot be completed: the client must see that it is not whole. */
  #cut(): void {
    this.#end();
    this.#client.cut();
  }

  /** The client has gone. */
  abort(): void {
    if (!this.isActive) return;
    this.#dropUpstream();
    this.#end();
  }

  /** The answer is complete. */
  #finish(): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) {
      if (this.#upstreamKeepAlive && this.request.decoder.done && upstream.wire.isFlushed) {
        upstream.release(this.#upstreamKeepAliveSeconds);
      } else {
        upstream.destroy();
      }
    }
    this.#end();
    this.#client.onExchangeDone(this.#keepAlive);
  }

  #end(): void {
    this.isActive = false;
    this.#stash = this.#message = undefined;
    this.#route = undefined;
    this.#backend = undefined;
  }

  #dropUpstream(): void {
    this.#upstream?.destroy();
    this.#upstream = undefined;
  }

  /** Reads the body of a request that nobody wants any more. */
  #discard(bytes: Buffer, start: number, end: number): number {
    const { decoder } = this.request;
    if (decoder.done) return start;
    if (!decoder.read(bytes, start, end)) {
      // Where the next request begins is anybody's guess.
      this.#client.close();
      return end;
    }
    if (decoder.done) this.#client.wire.releaseBuffer();
    return decoder.next;
  }

  /** What the backend has to do next, and by when. */
  #armUpstream(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const { timeouts } = this.#route!;
    if (!upstream.wire.isFlushed) upstream.deadline = this.#in(timeouts.writeMs);
    else if (this.hasAnswered) upstream.deadline = this.#in(timeouts.readMs);
    // While the client is still sending it is the client's limit that counts.
    else upstream.deadline = this.request.decoder.done ? this.#in(timeouts.responseMs) : Infinity;
  }

  #in(ms: number): number {
    return this.#runtime.deadlines.in(ms);
  }
}
