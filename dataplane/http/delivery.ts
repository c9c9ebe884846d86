/**
 * Delivery: brings one request to a backend that answers it. It picks, waits where every backend is
 * full, makes attempts one after the other (a retry) or side by side (a hedge), and keeps what is needed
 * to send the request again. Read it from `open` down; one attempt's own life is attempt.ts.
 *
 * A client connection has one, used again for each of its requests.
 */
import type { Backend } from "../pool/backend.ts";
import { isFailure, type Outcome } from "../pool/outcome.ts";
import type { Waiter } from "../pool/waiting-queue.ts";
import type { PickRequest } from "../pool/pick-request.ts";
import type { UpstreamConnection } from "../pool/upstream-connection.ts";
import type { Route } from "../generation.ts";
import { now } from "../clock.ts";
import type { Account } from "../observation/account.ts";
import type { Cause } from "../observation/cause.ts";
import type { Runtime } from "../runtime.ts";
import { Attempt, type AttemptUser } from "./attempt.ts";
import type { Decision } from "./decision.ts";
import { Picks } from "./picks.ts";
import { Replay } from "./replay.ts";
import type { RequestHead } from "./request-head.ts";
import type { Forwarding, RequestTarget } from "./request-writer.ts";
import { backoffMs, type Failure, isListed } from "./retry.ts";
import { Schedule, type ScheduleUser } from "./schedule.ts";
import type { OwnStatus } from "./status.ts";
import type { Wire } from "./wire.ts";

/** Backends that are tried because connections to others could not be made: always safe, so no setting. */
const CONNECT_BACKENDS_MAX = 3;

/** Whom a delivery tells. */
export interface DeliveryUser {
  /** All of the request's body has come. */
  readonly isRequestComplete: boolean;
  /** What ends it in the chunked coding; undefined before it has come. */
  readonly requestEnd: Buffer | undefined;
  /** Nothing can be sent just now: body bytes have to wait until `onReady`. */
  onWaiting(): void;
  /** The request has gone to a backend as far as it is here; the rest of its body follows. */
  onReady(): void;
  onInterim(bytes: Buffer): void;
  /** The answer: `responseHead` holds its head, `bytes[at..end)` what has come of its body. */
  onAnswerHead(bytes: Buffer, at: number, end: number): void;
  /** The backend has switched to WebSocket. */
  onSwitch(bytes: Buffer, at: number, end: number): void;
  onAnswerBytes(bytes: Buffer, start: number, end: number): void;
  onAnswerEnd(isClean: boolean): void;
  onUpstreamDrain(): void;
  /** No backend has answered and none will. */
  onUndeliverable(status: OwnStatus): void;
}

export class Delivery implements AttemptUser, Waiter, ScheduleUser {
  /** Attempts so far. */
  attempts = 0;
  /** Why the last of them has failed. */
  cause = "";
  /** The same in a word. */
  why: Cause = "no_backend";
  readonly #runtime: Runtime;
  readonly #user: DeliveryUser;
  #route: Route | undefined;
  /** What is noted of the request. It is over when the exchange is. */
  #account: Account | undefined;
  /** The attempt that the body goes to and the answer comes from, and the one beside it. */
  #main: Attempt;
  #hedge: Attempt | undefined;
  readonly #picks = new Picks();
  readonly #replay: Replay;
  /** Made when it is first needed: most requests wait for nothing. */
  #schedule: Schedule | undefined;
  /** A safe method without a body, where the service hedges. */
  #mayHedge = false;
  #isHead = false;
  #wantsWebSocket = false;
  /** A connection stands and has got what there is of the request. */
  #isReady = false;
  #isWaiting = false;
  #retries = 0;
  #connectFailures = 0;

  constructor(runtime: Runtime, user: DeliveryUser) {
    this.#runtime = runtime;
    this.#user = user;
    this.#main = new Attempt(runtime, this);
    this.#replay = new Replay(runtime.kept);
  }

  // --- the first attempt -------------------------------------------------------------------------

  /**
   * Begins, and picks the first backend.
   *
   * @returns for whom the head is to be written, before `start`; undefined where no backend is left
   */
  open(
    head: RequestHead,
    { forwarding, hash, sticky }: Decision,
    account: Account,
  ): RequestTarget | undefined {
    const { route } = forwarding;
    const replay = this.#replay;
    this.#route = route;
    this.#account = account;
    this.#isHead = head.isHead;
    this.#wantsWebSocket = head.wantsWebSocket;
    replay.begin(head, route.retry);
    this.#mayHedge =
      route.hedgeAfterMs > 0 && head.isSafe && replay.isBodiless && !head.wantsWebSocket;
    this.#isReady = this.#isWaiting = false;
    this.attempts = this.#retries = this.#connectFailures = 0;
    this.cause = "";
    route.pool.retryBudget.countRequest(this.#runtime.deadlines.now);

    const picks = this.#picks;
    picks.begin(route.pool, hash, sticky);
    const backend = picks.next();
    if (backend !== undefined) {
      this.#take(this.#main, backend, picks.ticket, account.startedAt);
      return backend;
    }
    if (!picks.isPoolFull) {
      this.cause = "no backend can be used";
      this.why = "no_backend";
      return undefined;
    }
    this.#isWaiting = true;
    return NOBODY;
  }

  /**
   * Goes on with the head that the runtime's output holds, and takes it from there unless it returns true.
   *
   * @returns true where it is to be sent to `wire` at once, with what there is of the body; else it is
   * kept, and the body has to wait for `onReady` or `onUndeliverable`, which may have come already
   */
  start(forwarding: Forwarding): boolean {
    const main = this.#main;
    const replay = this.#replay;
    const { output } = this.#runtime;
    const { requestMs } = this.#route!.timeouts;
    if (requestMs > 0) this.#plan().endIn(requestMs);
    if (this.#isWaiting) {
      replay.keep(output, forwarding);
      output.clear();
      this.#wait();
      return false;
    }
    const { isConnected } = main;
    if (!isConnected || (replay.isRepeatable && (main.isReused || this.#mayGoOn)))
      replay.keep(output, forwarding);
    this.#isReady = isConnected;
    if (this.#mayHedge) this.#planHedge();
    if (!isConnected) {
      output.clear();
      this.#user.onWaiting();
    }
    main.start();
    return isConnected;
  }

  /** Further attempts are possible behind a request that was sent. */
  get #mayGoOn(): boolean {
    return this.#route!.retry.attempts > 0 || this.#mayHedge;
  }

  /** Counts an attempt and takes its connection; the head is written next. */
  #take(attempt: Attempt, backend: Backend, ticket: number, at = now()): boolean {
    const { timeouts, retry } = this.#route!;
    this.attempts++;
    const isConnected = attempt.take(backend, ticket, timeouts, retry.perTryTimeoutMs, at);
    attempt.row = this.#account!.attempt(backend, isConnected);
    return isConnected;
  }

  // --- the request's body ------------------------------------------------------------------------

  /** Body bytes are taken: a connection stands. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The connection of the attempt that the body goes to and the answer comes from. */
  get wire(): Wire {
    return this.#main.wire;
  }

  get isRequestComplete(): boolean {
    return this.#user.isRequestComplete;
  }

  get mayRepeat(): boolean {
    return this.#replay.isRepeatable && this.#replay.isKept;
  }

  /** These bytes of the body have been sent; they are kept as long as all of it fits. */
  sentBody(bytes: Buffer, start: number, end: number): void {
    this.#replay.sentBody(bytes, start, end);
  }

  /** Something was sent or received. */
  arm(): void {
    this.#main.arm();
  }

  onUpstreamDrain(attempt: Attempt): void {
    if (attempt !== this.#main) return attempt.arm();
    this.#user.onUpstreamDrain();
    this.#main.arm();
  }

  onReconnecting(attempt: Attempt): void {
    this.#account!.reconnecting(attempt.backend!);
    if (attempt !== this.#main) return;
    this.#isReady = false;
    this.#user.onWaiting();
  }

  /** A new connection stands: what was kept goes. */
  onConnected(attempt: Attempt): void {
    const replay = this.#replay;
    const { output } = this.#runtime;
    this.#account!.connected();
    replay.send(output, attempt.backend!, attempt.wire, this.#user.requestEnd);
    // A fresh connection is not stale; without a policy nothing is made up for from here on.
    if (!replay.isRepeatable || !(attempt.isReused || this.#mayGoOn)) replay.drop();
    attempt.arm();
    if (attempt !== this.#main) return;
    this.#isReady = true;
    this.#user.onReady();
  }

  // --- the answer --------------------------------------------------------------------------------

  onInterim(attempt: Attempt, bytes: Buffer): void {
    // Of two that are asked, only one may speak; which one is not known yet.
    if (attempt === this.#main && this.#hedge?.isActive !== true) this.#user.onInterim(bytes);
  }

  onHead(attempt: Attempt, bytes: Buffer, at: number, end: number): void {
    const { responseHead: head } = this.#runtime;
    if (head.status === 101) {
      if (!this.#wantsWebSocket || !head.upgradesToWebSocket)
        return attempt.fail("reset", "it switches protocols unasked", "backend_invalid");
      this.#accept(attempt);
      return this.#user.onSwitch(bytes, at, end);
    }
    if (this.#isPassedOver(attempt, head.status)) {
      attempt.passOver(bytes, at, end, this.#isHead);
      attempt.cause = `status ${head.status}`;
      return this.onFailed(attempt, "status");
    }
    this.#accept(attempt);
    this.#user.onAnswerHead(bytes, at, end);
  }

  /** An answer that is not passed on: there is hope for a better one. */
  #isPassedOver(attempt: Attempt, status: number): boolean {
    if (this.#beside(attempt) === undefined) return this.#mayRetry("status", status);
    const { retry } = this.#route!;
    return status >= 500 || isFailure(attempt.outcome) || isListed(retry, "status", status);
  }

  /** This attempt's answer is the one; the other attempt is called off. */
  #accept(attempt: Attempt): void {
    const other = this.#beside(attempt);
    this.#becomesMain(attempt);
    other?.end("aborted");
    this.#replay.drop();
    this.#schedule?.clear();
    attempt.accept();
  }

  onAnswerBytes(bytes: Buffer, start: number, end: number): void {
    this.#user.onAnswerBytes(bytes, start, end);
  }

  onAnswerEnd(isClean: boolean): void {
    this.#user.onAnswerEnd(isClean);
  }

  // --- further attempts --------------------------------------------------------------------------

  /** An attempt has failed before its answer. */
  onFailed(attempt: Attempt, failure: Failure): void {
    this.cause = attempt.cause;
    this.why = attempt.why;
    this.#account!.attemptFailed(attempt.backend!, failure === "status");
    this.#picks.tried(attempt.backend!);
    const other = this.#beside(attempt);
    if (other !== undefined) return this.#becomesMain(other);
    this.#isReady = false;
    this.#mayHedge = false;
    this.#schedule?.cancelHedge();
    if (failure === "connect-failure" && this.#connectElsewhere()) return;
    // For a status it was asked, and taken off the budget, when the answer was passed over.
    if (failure === "status" || this.#mayRetry(failure, 0)) return this.#planRetry();
    this.#fail(attempt.isTimedOut ? 504 : 502);
  }

  /** Nothing was sent, so that any request may go to another backend at once. */
  #connectElsewhere(): boolean {
    if (++this.#connectFailures >= CONNECT_BACKENDS_MAX) return false;
    const backend = this.#picks.another();
    if (backend === undefined) return false;
    this.#begin(backend, this.#picks.ticket);
    return true;
  }

  /** The policy allows another attempt. Takes it off the budget. */
  #mayRetry(failure: Failure, status: number): boolean {
    const { retry, pool } = this.#route!;
    if (this.#retries >= retry.attempts || !isListed(retry, failure, status)) return false;
    // A request that was never sent may be sent whatever it does.
    const wasSent = failure !== "connect-failure";
    if (!this.#replay.isKept || (wasSent && !this.#replay.isRepeatable)) return false;
    return pool.retryBudget.take(this.#runtime.deadlines.now, retry.budgetPercent);
  }

  #planRetry(): void {
    const pauseMs = backoffMs(this.#route!.retry, this.#retries++);
    this.#plan().retryIn(pauseMs);
    this.#user.onWaiting();
  }

  /** The pause is over: another backend where there is one, else one that was tried. */
  onRetryDue(): void {
    const picks = this.#picks;
    const backend = picks.next();
    if (backend !== undefined) return this.#begin(backend, picks.ticket);
    if (picks.isPoolFull) return this.#wait();
    this.why = "no_backend";
    this.#fail(503);
  }

  /** Begins the next attempt with what is kept. */
  #begin(backend: Backend, ticket: number): void {
    const main = this.#main;
    this.#user.onWaiting();
    if (this.#take(main, backend, ticket)) {
      main.start();
      this.onConnected(main);
    } else {
      main.start();
    }
  }

  /** A second attempt when the first has not answered in time. */
  #planHedge(): void {
    this.#plan().hedgeIn(this.#route!.hedgeAfterMs);
  }

  onHedgeDue(): void {
    const { pool, retry } = this.#route!;
    const picks = this.#picks;
    if (!this.#main.isActive || !this.#replay.isKept || pool.backends.length < 2) return;
    if (!pool.retryBudget.take(this.#runtime.deadlines.now, retry.budgetPercent)) return;
    picks.tried(this.#main.backend!);
    const backend = picks.another();
    if (backend === undefined) return;
    const hedge = (this.#hedge ??= new Attempt(this.#runtime, this));
    const isConnected = this.#take(hedge, backend, picks.ticket);
    hedge.start();
    if (isConnected) this.onConnected(hedge);
  }

  /** The other attempt, where it is under way. */
  #beside(attempt: Attempt): Attempt | undefined {
    const other = attempt === this.#main ? this.#hedge : this.#main;
    return other?.isActive === true ? other : undefined;
  }

  #becomesMain(attempt: Attempt): void {
    if (attempt === this.#main) return;
    this.#hedge = this.#main;
    this.#main = attempt;
  }

  // --- waiting -----------------------------------------------------------------------------------

  /** What is waited with. */
  get request(): PickRequest {
    return this.#picks.request;
  }

  /** Every backend has as many requests as it may have: in turn, for a limited time. */
  #wait(): void {
    this.#isWaiting = this.#route!.pool.wait(this);
    if (this.#isWaiting) {
      this.#account!.queued();
      return this.#user.onWaiting();
    }
    this.cause = "every backend is full, and so is the queue";
    this.why = "queue_full";
    this.#fail(503);
  }

  onBackend(backend: Backend, ticket: number): void {
    this.#isWaiting = false;
    this.#account!.unqueued();
    if (this.#mayHedge) this.#planHedge();
    this.#begin(backend, ticket);
  }

  onTimeout(): void {
    this.#isWaiting = false;
    this.#account!.unqueued();
    this.cause = "every backend is full";
    this.why = "queue_timeout";
    this.#fail(503);
  }

  /** The whole request has taken too long: by the client's doing where its body is what is awaited. */
  onRequestTimeout(): void {
    const isClients = this.#isReady && !this.isRequestComplete && this.wire.isFlushed;
    this.cause = "request timeout";
    this.why = isClients ? "request_timeout" : "backend_timeout";
    const { backend } = this;
    if (!isClients && backend !== undefined) this.#account!.attemptFailed(backend, false);
    this.#drop(isClients ? "aborted" : "timeout");
    this.#user.onUndeliverable(isClients ? 408 : 504);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** The last attempt's backend, and what its breaker says; for the log. */
  get backend(): Backend | undefined {
    return this.attempts === 0 ? undefined : this.#main.backend;
  }

  /** The answer has been passed on whole. */
  complete(isReusable: boolean, keepAliveSeconds: number): void {
    this.#main.complete(isReusable, keepAliveSeconds);
    this.#close();
  }

  /** The answer cannot be passed on to its end, by the backend's fault. */
  break(cause: string, end: Cause): void {
    const { isTimedOut } = this.#main;
    this.cause = isTimedOut ? "read timeout" : cause;
    this.why = isTimedOut ? "backend_timeout" : end;
    this.#account!.attemptFailed(this.#main.backend!, false);
    this.#drop(this.#main.isTimedOut ? "timeout" : "reset");
  }

  /** Nobody wants an answer any more; no backend is to blame. */
  cancel(): void {
    this.#drop("aborted");
  }

  /** The connection is a tunnel's from now on; `endTunnel` has to follow. */
  handOver(): UpstreamConnection {
    return this.#main.handOver();
  }

  /** The tunnel is over. */
  endTunnel(): void {
    this.#main.end("success");
  }

  #fail(status: OwnStatus): void {
    this.#close();
    this.#user.onUndeliverable(status);
  }

  #drop(outcome: Outcome): void {
    if (this.#isWaiting) {
      this.#route?.pool.cancel(this);
      // The first pick has failed already, and the wait may not have begun.
      this.#account!.unqueued();
    }
    this.#isWaiting = false;
    this.#main.end(outcome);
    this.#hedge?.end(outcome);
    this.#close();
  }

  #close(): void {
    this.#isReady = false;
    this.#replay.drop();
    this.#schedule?.clear();
  }

  #plan(): Schedule {
    return (this.#schedule ??= new Schedule(this.#runtime.wheel, this));
  }
}

/** For a head that is written before it is known where it goes; `KeptRequest` puts the rest in. */
const NOBODY: RequestTarget = { pathPrefix: Buffer.alloc(0), authority: Buffer.alloc(0) };
