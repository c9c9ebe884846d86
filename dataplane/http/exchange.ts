/**
 * Exchange: one request and its answer, from the head that has been read to the answer's last byte.
 * This file is the life of a request as its client sees it; read it from `begin` down. How a backend is
 * found that answers it is delivery.ts.
 *
 * A client connection has one exchange at a time and uses the object again for the next one.
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import { type Cause, causeOf } from "../observation/cause.ts";
import type { Runtime } from "../runtime.ts";
import { RESPONSE_HEAD } from "../limits.ts";
import { Delivery, type DeliveryUser } from "./delivery.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import type { RequestFailure } from "./failure-log.ts";
import { Relay } from "./relay.ts";
import type { RequestHead } from "./request-head.ts";
import { writeRequestHead } from "./request-writer.ts";
import { writeInterimHead, writeOwnAnswer, writeResponseHead } from "./response-writer.ts";
import type { OwnStatus } from "./status.ts";
import { Tunnel } from "./tunnel.ts";
import type { Via } from "./via.ts";

export class Exchange implements DeliveryUser {
  /** A request has begun and its answer is not complete. */
  isActive = false;
  /** The answer's head has gone to the client. */
  hasAnswered = false;
  /** What is left of the request's body on the client's wire. */
  readonly request: Relay = new Relay();
  readonly #response: Relay = new Relay();
  readonly #runtime: Runtime;
  readonly #client: ExchangeClient;
  readonly #delivery: Delivery;
  #route: Route | undefined;
  #minor = 1;
  #isHead = false;
  #keepAlive = true;
  #wantsContinue = false;
  #hasContinued = false;
  #hasBody = false;
  /** What the backend said of its connection. */
  #upstreamKeepAlive = true;
  #upstreamKeepAliveSeconds = -1;
  /** CORS lines that the answer carries. */
  #cors = "";
  /** What the request's cookie says of its backend. */
  #stickyTag = "";
  /** The client gets the trailers of its answer. */
  #acceptsTrailers = false;
  /** What its messages get that are passed on. */
  #via: Via | undefined;
  /** What is noted of the request, until it is over. */
  #account: Account | undefined;

  constructor(runtime: Runtime, client: ExchangeClient) {
    this.#runtime = runtime;
    this.#client = client;
    this.#delivery = new Delivery(runtime, this);
  }

  /**
   * Serves the request whose head ends at `at`; as much of its body as `bytes` holds goes with it.
   *
   * @returns where the bytes begin that are not this request's
   */
  begin(head: RequestHead, bytes: Buffer, at: number, end: number): number {
    const { decision, output, observer } = this.#runtime;
    const delivery = this.#delivery;
    this.#open(head);
    const account = (this.#account = observer.begin(head, bytes, this.#client));
    decision.forwarding.marks = account;
    decision.decide(head, bytes, this.#client);
    account.isInternal = decision.isInternal;
    if (decision.route !== undefined) account.routed(decision.route);
    this.#cors = decision.cors;
    if (decision.status !== 0) {
      this.reply(decision.status, decision.fields, decision.json);
      return this.#discard(bytes, at, end);
    }
    const { forwarding } = decision;
    this.#route = forwarding.route;
    this.#via = forwarding.via;
    this.#acceptsTrailers = forwarding.passesTrailers && head.acceptsTrailers;
    if (forwarding.passesTrailers && head.isChunked) {
      const named = head.fields.connectionNames(bytes);
      this.request.passTrailers(this.#runtime.limits.fieldsMax, named);
    }
    this.#stickyTag = decision.stickyTag;
    this.request.bytesMax = this.#route.bodyBytesMax;
    const target = delivery.open(head, decision, account);
    if (target === undefined) {
      this.onUndeliverable(503);
      return this.#discard(bytes, at, end);
    }
    forwarding.target = target;
    output.clear();
    writeRequestHead(output, bytes, head, forwarding);
    if (!delivery.start(forwarding)) return at;
    if (this.#hasBody) return this.#sendBody(bytes, at, end);
    output.flush(delivery.wire);
    delivery.arm();
    return at;
  }

  // --- the request -------------------------------------------------------------------------------

  #open(head: RequestHead): void {
    this.isActive = true;
    this.hasAnswered = false;
    this.#minor = head.minor;
    this.#isHead = head.isHead;
    this.#keepAlive = head.keepAlive && !this.#runtime.isDraining;
    this.#wantsContinue = head.expectsContinue;
    this.#hasContinued = false;
    if (head.isChunked) this.request.decoder.beginChunked();
    else this.request.decoder.beginLength(Math.max(head.contentLength, 0));
    this.#hasBody = !this.request.decoder.done;
    this.request.begin(head.isChunked);
  }

  /** False while no backend takes the body: its bytes have to wait. */
  get takesBody(): boolean {
    return this.#delivery.isReady;
  }

  get isRequestComplete(): boolean {
    return this.request.decoder.done;
  }

  get requestEnd(): Buffer | undefined {
    return this.request.decoder.done ? this.request.lastChunk : undefined;
  }

  /** The body cannot go on for now. */
  onWaiting(): void {
    if (!this.request.decoder.done) this.#client.pauseBody();
  }

  /** What has come so far has gone to a backend; the rest follows as fast as that takes it. */
  onReady(): void {
    if (!this.request.decoder.done && this.#delivery.wire.isFlushed) this.#client.resumeBody();
  }

  /**
   * More bytes from the client while its request's body is not complete.
   *
   * @returns where the bytes begin that are not this request's
   */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    if (!this.isActive) return this.#discard(bytes, start, end);
    this.#runtime.output.clear();
    return this.#sendBody(bytes, start, end);
  }

  /** Passes body bytes on, behind the head where that is still in the output buffer. */
  #sendBody(bytes: Buffer, start: number, end: number): number {
    const { output } = this.#runtime;
    const { decoder } = this.request;
    const delivery = this.#delivery;
    if (!this.request.push(this.#client.wire, delivery.wire, output, bytes, start, end)) {
      output.clear();
      return this.#refuseBody(end);
    }
    delivery.sentBody(bytes, decoder.contentStart, decoder.contentEnd);
    delivery.arm();
    return decoder.next;
  }

  /** The client has not sent its body in time. */
  timeOutRequest(): void {
    this.#keepAlive = false;
    this.#blameClient(408, "body not sent in time");
  }

  /**
   * The request's body breaks its framing or is too long: nobody shall take it for a whole one.
   *
   * @returns where to go on reading; of a body that is only too long it is known where it ends
   */
  #refuseBody(end: number): number {
    const { isTooLong, decoder } = this.request;
    if (!isTooLong) this.#keepAlive = false;
    if (isTooLong) this.#blameClient(413, "body too long");
    else this.#blameClient(400, "body breaks its framing");
    if (!isTooLong) return end;
    if (decoder.done) this.#client.wire.releaseBuffer();
    return decoder.next;
  }

  /** The client's body is at fault: that is its answer, unless there is one already. */
  #blameClient(status: OwnStatus, cause: string): void {
    this.#report("client", cause, this.hasAnswered ? 0 : status);
    this.#delivery.cancel();
    if (this.hasAnswered) this.#cut(causeOf(status));
    else this.reply(status);
  }

  onUpstreamDrain(): void {
    if (!this.request.decoder.done) this.#client.resumeBody();
  }

  // --- the answer --------------------------------------------------------------------------------

  /** 1xx: passed on to clients that know of it; a 100 only to one that asked for it, and once. */
  onInterim(bytes: Buffer): void {
    const { responseHead, output } = this.#runtime;
    if (this.#minor === 0) return;
    if (responseHead.status === 100) {
      if (!this.#wantsContinue || this.#hasContinued) return;
      this.#hasContinued = true;
    }
    output.clear();
    writeInterimHead(output, bytes, responseHead, "", this.#via);
    this.#client.send(output);
  }

  /** 101: the exchange becomes a tunnel. */
  onSwitch(bytes: Buffer, at: number, end: number): void {
    const { responseHead, output } = this.#runtime;
    const delivery = this.#delivery;
    const account = this.#account!;
    this.#account = undefined;
    account.switched(delivery.backend!);
    output.clear();
    writeInterimHead(output, bytes, responseHead, this.#stickyLine(), this.#via, account);
    this.#client.send(output);
    const { tunnelMs } = this.#route!.timeouts;
    const upstream = delivery.handOver();
    const tunnel = new Tunnel(this.#runtime, this.#client, upstream, tunnelMs, () =>
      delivery.endTunnel(),
    );
    tunnel.account = account;
    upstream.reassign(tunnel);
    this.#end();
    this.#client.startTunnel(tunnel);
    tunnel.onResponseBytes(bytes, at, end);
  }

  /** The final head: how the body comes, how it goes, and as much of it as is here. */
  onAnswerHead(bytes: Buffer, at: number, end: number): void {
    const { responseHead: head, output } = this.#runtime;
    const { decoder } = this.#response;
    const unsized = head.beginBody(decoder, this.#isHead) && head.contentLength === -1;
    const chunked = unsized && this.#minor > 0;
    if (unsized && !chunked) this.#keepAlive = false;
    // An early answer: what is left of the request may be a lot, see `#finish`.
    if (!this.request.decoder.done && this.#wantsContinue && this.request.bytes === 0)
      this.#keepAlive = false;
    if (this.#runtime.isDraining) this.#keepAlive = false;
    this.#response.begin(chunked);
    const trailers = chunked && head.isChunked && this.#acceptsTrailers;
    if (trailers)
      this.#response.passTrailers(RESPONSE_HEAD.fieldsMax, head.fields.connectionNames(bytes));
    this.hasAnswered = true;
    this.#upstreamKeepAlive = head.keepAlive && !decoder.endsWithConnection;
    this.#upstreamKeepAliveSeconds = head.keepAliveSeconds;
    const account = this.#account!;
    account.answered(head.status, this.#delivery.backend!);
    output.clear();
    writeResponseHead(output, bytes, head, {
      minor: this.#minor,
      keepAlive: this.#keepAlive,
      chunked,
      trailers,
      contentLength: head.status === 204 ? -1 : head.contentLength,
      cors: this.#cors,
      cookie: this.#stickyLine(),
      via: this.#via,
      marks: account,
    });
    this.#client.beginAnswer(output);
    this.#relayAnswer(bytes, at, end);
  }

  /** The cookie that brings the client back to this backend, where it has not got it yet. */
  #stickyLine(): string {
    const sticky = this.#route!.sticky;
    if (sticky === undefined) return "";
    return sticky.line(this.#delivery.backend!, this.#stickyTag, this.#client.isTls);
  }

  onAnswerBytes(bytes: Buffer, start: number, end: number): void {
    this.#runtime.output.clear();
    this.#relayAnswer(bytes, start, end);
  }

  /** Body bytes, behind the head where that is still in the output buffer. */
  #relayAnswer(bytes: Buffer, start: number, end: number): void {
    const { output } = this.#runtime;
    const delivery = this.#delivery;
    const { decoder } = this.#response;
    if (decoder.done) {
      output.flush(this.#client.wire);
      if (start < end) this.#upstreamKeepAlive = false;
    } else if (start < end || output.length > 0) {
      if (!this.#response.push(delivery.wire, this.#client.wire, output, bytes, start, end)) {
        const isHeadUnsent = output.length > 0;
        output.clear();
        if (isHeadUnsent) this.hasAnswered = false;
        return this.#break("its answer's body breaks its framing", "backend_invalid");
      }
      // Bytes behind the answer belong to nobody: the connection is not used again.
      if (decoder.next < end) this.#upstreamKeepAlive = false;
    }
    this.#client.armWrite();
    if (decoder.done) this.#finish();
    else delivery.arm();
  }

  /** The client has taken everything: the backend may go on. */
  onClientDrain(): void {
    if (!this.hasAnswered || !this.isActive) return;
    this.#delivery.wire.resume();
    this.#delivery.arm();
  }

  /** The backend's connection has ended behind its answer's head. */
  onAnswerEnd(isClean: boolean): void {
    if (isClean && this.#response.decoder.endOfInput()) {
      this.#runtime.output.clear();
      this.#response.finish(this.#client.wire, this.#runtime.output);
      return this.#finish();
    }
    this.#break("answer broken off", "backend_cut");
  }

  /** What the backend sends is not whole: neither may the answer seem to be. */
  #break(text: string, cause: Cause): void {
    const delivery = this.#delivery;
    delivery.break(text, cause);
    this.#report("backend", delivery.cause, this.hasAnswered ? 0 : 502);
    if (this.hasAnswered) return this.#cut(delivery.why);
    this.#account!.cause = delivery.why;
    this.reply(502);
  }

  /** No backend has answered: an answer of our own. */
  onUndeliverable(status: OwnStatus): void {
    this.#report(status === 408 ? "client" : "backend", this.#delivery.cause, status);
    if (status === 408) this.#keepAlive = false;
    this.#account!.cause = this.#delivery.why;
    this.reply(status);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Answers with a status of Balto's own. `fields` are whole lines. */
  reply(status: OwnStatus, fields = "", json = ""): void {
    const { output } = this.#runtime;
    if (!this.request.decoder.done && this.#wantsContinue && !this.#hasContinued)
      this.#keepAlive = false;
    const account = this.#account!;
    output.clear();
    const bytes = writeOwnAnswer(output, {
      status,
      fields: this.#cors + account.answerFields + fields,
      json,
      minor: this.#minor,
      keepAlive: this.#keepAlive,
      isHead: this.#isHead,
    });
    account.replied(status, bytes);
    this.hasAnswered = true;
    this.#client.beginAnswer(output);
    output.flush(this.#client.wire);
    this.#client.armWrite();
    this.#end();
    this.#client.onExchangeDone(this.#keepAlive);
  }

  /** The answer cannot be completed: the client must see that it is not whole. */
  #cut(cause: Cause): void {
    this.#account!.cause = cause;
    this.#end();
    this.#client.cut();
  }

  /** The client has gone, or is given up. */
  abort(cause: "client_aborted" | "client_slow" = "client_aborted"): void {
    if (!this.isActive) return;
    const isSlow = cause === "client_slow";
    const text = isSlow ? "client does not take its answer" : "client has gone";
    this.#report("client", text, this.hasAnswered ? 0 : 499);
    this.#account!.cause = cause;
    this.#delivery.cancel();
    this.#end();
  }

  /** The answer is complete. */
  #finish(): void {
    const isReusable = this.#upstreamKeepAlive && this.request.decoder.done;
    this.#delivery.complete(isReusable, this.#upstreamKeepAliveSeconds);
    this.#end();
    this.#client.onExchangeDone(this.#keepAlive);
  }

  #end(): void {
    this.isActive = false;
    this.#account?.end(this.request.bytes, this.#response.bytes);
    this.#account = undefined;
    this.#route = undefined;
  }

  /** Says in the log what has gone wrong, and by whose doing. */
  #report(side: RequestFailure["side"], cause: string, status: number): void {
    const route = this.#route;
    const account = this.#account!;
    if (route === undefined || account.isInternal) return;
    const { attempts, backend } = this.#delivery;
    this.#runtime.failures.report(this.#runtime.deadlines.now, {
      side,
      cause,
      attempts,
      backend: backend?.url ?? "",
      breaker: backend?.breakerState ?? "",
      service: route.service,
      route: route.pattern,
      status,
      request_id: account.idText,
    });
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
}
