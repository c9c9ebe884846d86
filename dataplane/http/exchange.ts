/**
 * Exchange: one request and its answer, from the head that has been read to the answer's last byte.
 * This file is the life of a request as its client sees it, one story in one file; read it from `begin`
 * down. How a backend is found that answers it is delivery.ts; how the answer is put is answer.ts.
 *
 * A client connection has one exchange at a time and uses the object again for the next one.
 */
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import { type Cause, causeOf } from "../observation/cause.ts";
import type { Runtime } from "../runtime.ts";
import { Answer } from "./answer.ts";
import { Delivery, type DeliveryUser } from "./delivery.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import type { RequestFailure } from "./failure-log.ts";
import { RequestBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";
import { writeRequestHead } from "./request-writer.ts";
import { writeOwnAnswer } from "./response-writer.ts";
import { METHODS_KNOWN, type OwnStatus, refusalStatus } from "./status.ts";
import { Tunnel } from "./tunnel.ts";

export class Exchange implements DeliveryUser {
  /** A request has begun and its answer is not complete. */
  isActive = false;
  readonly request: RequestBody = new RequestBody();
  readonly #answer = new Answer();
  readonly #runtime: Runtime;
  readonly #client: ExchangeClient;
  readonly #delivery: Delivery;
  #route: Route | undefined;
  /** What the request's cookie says of its backend. */
  #stickyTag = "";
  /** What is noted of the request, until it is over. */
  #account: Account | undefined;

  constructor(runtime: Runtime, client: ExchangeClient) {
    this.#runtime = runtime;
    this.#client = client;
    this.#delivery = new Delivery(runtime, this, this.request);
  }

  /**
   * Serves the request whose head ends at `at`; as much of its body as `bytes` holds goes with it.
   *
   * @returns where the bytes begin that are not this request's
   */
  begin(head: RequestHead, bytes: Buffer, at: number, end: number): number {
    const { decision, output, observer } = this.#runtime;
    const { request } = this;
    const answer = this.#answer;
    const delivery = this.#delivery;
    this.isActive = true;
    answer.begin(head, this.#runtime.isDraining);
    request.begin(head);
    const account = (this.#account = observer.begin(head, bytes, this.#client));
    decision.forwarding.marks = account;
    decision.decide(head, bytes, this.#client);
    account.isInternal = decision.isInternal;
    if (decision.route !== undefined) account.routed(decision.route);
    answer.cors = decision.cors;
    if (decision.status !== 0) {
      this.reply(decision.status, decision.fields, decision.json);
      return this.#drop(bytes, at, end);
    }
    const { forwarding } = decision;
    const route = (this.#route = forwarding.route);
    this.#stickyTag = decision.stickyTag;
    answer.forwarded(head, decision);
    request.relay.bytesMax = route.bodyBytesMax;
    if (forwarding.passesTrailers && head.isChunked) {
      const named = head.fields.connectionNames(bytes);
      request.relay.passTrailers(this.#runtime.limits.fieldsMax, named);
    }
    const target = delivery.open(head, decision, account);
    if (target === undefined) {
      this.onUndeliverable(503);
      return this.#drop(bytes, at, end);
    }
    forwarding.target = target;
    output.clear();
    writeRequestHead(output, bytes, head, forwarding);
    if (!delivery.start(forwarding)) return at;
    if (!request.isComplete) return this.#sendBody(bytes, at, end);
    output.flush(delivery.wire);
    delivery.arm();
    return at;
  }

  /** A head that cannot be read, which is no request: says so to the client. `refusal` is the parser's. */
  refuse(refusal: number): void {
    const { output, observer, requestHead } = this.#runtime;
    const status = refusalStatus(refusal);
    const fields = observer.refuse(status, this.#client);
    output.clear();
    writeOwnAnswer(output, {
      status,
      fields: fields + (status === 405 ? `Allow: ${METHODS_KNOWN}\r\n` : ""),
      json: "",
      minor: 1,
      keepAlive: false,
      isHead: false,
    });
    requestHead.fields.clear();
    output.flush(this.#client.wire);
  }

  // --- the request -------------------------------------------------------------------------------

  /** False while no backend takes the body: its bytes have to wait. */
  get takesBody(): boolean {
    return this.#delivery.isReady;
  }

  /** The body cannot go on for now. */
  onWaiting(): void {
    if (!this.request.isComplete) this.#client.pauseBody();
  }

  /** What has come so far has gone to a backend; the rest follows as fast as that takes it. */
  onReady(): void {
    if (!this.request.isComplete && this.#delivery.wire.isFlushed) this.#client.resumeBody();
  }

  onUpstreamDrain(): void {
    if (!this.request.isComplete) this.#client.resumeBody();
  }

  /**
   * More bytes from the client while its request's body is not complete.
   *
   * @returns where the bytes begin that are not this request's
   */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    if (!this.isActive) return this.#drop(bytes, start, end);
    this.#runtime.output.clear();
    return this.#sendBody(bytes, start, end);
  }

  /** Passes body bytes on, behind the head where that is still in the output buffer. */
  #sendBody(bytes: Buffer, start: number, end: number): number {
    const { output } = this.#runtime;
    const { relay } = this.request;
    const { decoder } = relay;
    const delivery = this.#delivery;
    if (!relay.push(this.#client.wire, delivery.wire, output, bytes, start, end)) {
      output.clear();
      return this.#refuseBody(end);
    }
    delivery.sentBody(bytes, decoder.contentStart, decoder.contentEnd);
    delivery.arm();
    return decoder.next;
  }

  /** Drops body bytes: nobody wants them any more. */
  #drop(bytes: Buffer, start: number, end: number): number {
    const { request } = this;
    if (request.isComplete) return start;
    const next = request.drop(bytes, start, end);
    if (next === -1) {
      this.#client.close();
      return end;
    }
    if (request.isComplete) this.#client.wire.releaseBuffer();
    return next;
  }

  /** The client has not sent its body in time. */
  timeOutRequest(): void {
    this.#answer.keepAlive = false;
    this.#blameClient(408, "body not sent in time");
  }

  /**
   * The request's body breaks its framing or is too long: nobody shall take it for a whole one.
   *
   * @returns where to go on reading; of a body that is only too long it is known where it ends
   */
  #refuseBody(end: number): number {
    const { isTooLong, decoder } = this.request.relay;
    if (!isTooLong) {
      this.#answer.keepAlive = false;
      this.#blameClient(400, "body breaks its framing");
      return end;
    }
    this.#blameClient(413, "body too long");
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

  // --- the answer --------------------------------------------------------------------------------

  /** The answer's head has gone to the client. */
  get hasAnswered(): boolean {
    return this.#answer.hasBegun;
  }

  onInterim(bytes: Buffer): void {
    const { responseHead, output } = this.#runtime;
    if (!this.#answer.passesInterim(responseHead.status)) return;
    output.clear();
    this.#answer.writeInterim(output, bytes, responseHead);
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
    this.#answer.writeSwitch(output, bytes, responseHead, this.#stickyLine(), account);
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

  /** The final head, and as much of the body as is here. */
  onAnswerHead(bytes: Buffer, at: number, end: number): void {
    const { responseHead: head, output, isDraining } = this.#runtime;
    const account = this.#account!;
    const cookie = this.#stickyLine();
    account.answered(head.status, this.#delivery.backend!);
    output.clear();
    this.#answer.writeHead(output, bytes, head, this.request, isDraining, cookie, account);
    this.#client.beginAnswer(output);
    this.#relayAnswer(bytes, at, end);
  }

  /** The cookie that brings the client back to this backend, where it has not got it yet. */
  #stickyLine(): string {
    const { sticky } = this.#route!;
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
    const answer = this.#answer;
    const delivery = this.#delivery;
    const { decoder } = answer.body;
    if (decoder.done) {
      output.flush(this.#client.wire);
      if (start < end) answer.isUpstreamKept = false;
    } else if (start < end || output.length > 0) {
      if (!answer.body.push(delivery.wire, this.#client.wire, output, bytes, start, end)) {
        if (output.length > 0) answer.hasBegun = false;
        output.clear();
        return this.#break("its answer's body breaks its framing", "backend_invalid");
      }
      // Bytes behind the answer belong to nobody: the connection is not used again.
      if (decoder.next < end) answer.isUpstreamKept = false;
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
    const { body } = this.#answer;
    if (!isClean || !body.decoder.endOfInput())
      return this.#break("answer broken off", "backend_cut");
    this.#runtime.output.clear();
    body.finish(this.#client.wire, this.#runtime.output);
    this.#client.armWrite();
    this.#finish();
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
    if (status === 408) this.#answer.keepAlive = false;
    this.#account!.cause = this.#delivery.why;
    this.reply(status);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Answers with a status of Balto's own. `fields` are whole lines. */
  reply(status: OwnStatus, fields = "", json = ""): void {
    const { output, isDraining } = this.#runtime;
    const account = this.#account!;
    if (isDraining) this.#answer.keepAlive = false;
    output.clear();
    const bytes = this.#answer.writeOwn(output, status, fields, json, this.request, account);
    account.replied(status, bytes);
    this.#client.beginAnswer(output);
    output.flush(this.#client.wire);
    this.#client.armWrite();
    this.#end();
    this.#client.onExchangeDone(this.#answer.keepAlive);
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
    const answer = this.#answer;
    const isReusable = answer.isUpstreamKept && this.request.isComplete;
    this.#delivery.complete(isReusable, answer.upstreamKeepAliveSeconds);
    this.#end();
    this.#client.onExchangeDone(answer.keepAlive);
  }

  #end(): void {
    this.isActive = false;
    if (!this.request.isComplete) this.request.abandon();
    this.#account?.end(this.request.relay.bytes, this.#answer.body.bytes);
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
}
