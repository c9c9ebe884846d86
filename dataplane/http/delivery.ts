/**
 * Delivery: brings one request to a backend that answers it. A client connection has one, used again for
 * each of its requests. Between `open` and the answer's head it is in one of two states:
 *
 *     open ──► trying ──────────► answered ──► complete, or break
 *       │       ▲  │ failed
 *       ▼       │  ▼
 *      waiting ─┘ waiting
 *
 * Waiting, for a place at a backend or for the end of a pause, is the course's (course.ts); trying is one
 * attempt, or two side by side (race.ts). What is needed to send the request again is kept meanwhile
 * (replay.ts). From either state it may come to `onUndeliverable`, when no backend will answer, or to `cancel`.
 */
import { now } from "../clock.ts";
import type { Route } from "../generation.ts";
import type { Account } from "../observation/account.ts";
import type { Cause } from "../observation/cause.ts";
import type { Backend } from "../pool/backend.ts";
import { isFailure } from "../pool/outcome.ts";
import type { Ticket } from "../pool/state/breaker.ts";
import type { UpstreamConnection } from "../pool/upstream-connection.ts";
import type { Runtime } from "../runtime.ts";
import type { AnswerUser, Attempt, AttemptUser } from "./attempt.ts";
import { Course, type CourseUser } from "./course.ts";
import type { Decision } from "./decision.ts";
import { Picks } from "./picks.ts";
import { Race } from "./race.ts";
import { Replay } from "./replay.ts";
import type { RequestBody } from "./request-body.ts";
import type { RequestHead } from "./request-head.ts";
import type { Forwarding, RequestTarget } from "./request-writer.ts";
import { type Failure, isListed } from "./retry.ts";
import type { OwnStatus } from "./status.ts";
import type { Wire } from "./wire.ts";

/** Whom a delivery tells. */
export interface DeliveryUser extends AnswerUser {
  /** Nothing can be sent just now: body bytes have to wait until `onReady`. */
  onWaiting(): void;
  /** The request has gone to a backend as far as it is here; the rest of its body follows. */
  onReady(): void;
  onUpstreamDrain(): void;
  onInterim(bytes: Buffer): void;
  /** The answer: `responseHead` holds its head, `bytes[at..end)` what has come of its body. */
  onAnswerHead(bytes: Buffer, at: number, end: number): void;
  /** The backend has switched to WebSocket. */
  onSwitch(bytes: Buffer, at: number, end: number): void;
  /** No backend has answered and none will. */
  onUndeliverable(status: OwnStatus): void;
}

export class Delivery implements AttemptUser, CourseUser {
  /** Attempts so far. */
  attempts = 0;
  /** Why the last of them has failed. */
  cause = "";
  /** The same in a word. */
  why: Cause = "no_backend";
  readonly #runtime: Runtime;
  readonly #user: DeliveryUser;
  readonly #body: RequestBody;
  readonly #picks = new Picks();
  readonly #race: Race;
  readonly #replay: Replay;
  /** Made when it is first needed: most requests are answered by their first backend. */
  #course: Course | undefined;
  #route: Route | undefined;
  /** What is noted of the request. It is over when the exchange is. */
  #account: Account | undefined;
  /** Another backend is asked as well where the first one takes so long; 0 where none is. Milliseconds. */
  #hedgeAfterMs = 0;
  #isHead = false;
  #wantsWebSocket = false;

  /** @param body of the requests, as it comes */
  constructor(runtime: Runtime, user: DeliveryUser, body: RequestBody) {
    this.#runtime = runtime;
    this.#user = user;
    this.#body = body;
    this.#replay = new Replay(runtime.kept);
    this.#race = new Race(runtime, this);
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
    const picks = this.#picks;
    const replay = this.#replay;
    this.#route = route;
    this.#account = account;
    this.#isHead = head.isHead;
    this.#wantsWebSocket = head.wantsWebSocket;
    this.attempts = 0;
    this.cause = "";
    replay.begin(head, route.retry);
    // A body or a tunnel would have to wait for the winner of two.
    const mayHedge = head.isSafe && replay.isBodiless && !head.wantsWebSocket;
    this.#hedgeAfterMs = mayHedge ? route.hedgeAfterMs : 0;
    this.#course?.begin(route, account);
    route.pool.retryBudget.countRequest(this.#runtime.deadlines.now);
    picks.begin(route.pool, hash, sticky);
    const backend = picks.next();
    if (backend !== undefined) {
      this.#take(this.#race.leader, backend, picks.ticket, account.startedAt);
      return backend;
    }
    if (picks.isPoolFull) return NOBODY;
    this.cause = "no backend can be used";
    this.why = "no_backend";
    return undefined;
  }

  /**
   * Goes on with the head that the runtime's output holds, and takes it from there unless it returns true.
   *
   * @returns true where it is to be sent to `wire` at once, with what there is of the body; else it is
   * kept, and the body has to wait for `onReady` or `onUndeliverable`, which may have come already
   */
  start(forwarding: Forwarding): boolean {
    const replay = this.#replay;
    const { leader } = this.#race;
    const { output } = this.#runtime;
    const { requestMs } = this.#route!.timeouts;
    if (requestMs > 0) this.#plan().endIn(requestMs);
    if (this.attempts === 0) {
      replay.keep(output, forwarding);
      output.clear();
      this.#plan().wait();
      return false;
    }
    const { isConnected } = leader;
    if (!isConnected || (replay.isRepeatable && (leader.isReused || this.#mayGoOn)))
      replay.keep(output, forwarding);
    if (this.#hedgeAfterMs > 0) this.#plan().hedgeIn(this.#hedgeAfterMs);
    if (!isConnected) {
      output.clear();
      this.#user.onWaiting();
    }
    leader.start();
    return isConnected;
  }

  /** Further attempts are possible behind a request that was sent. */
  get #mayGoOn(): boolean {
    return this.#route!.retry.attempts > 0 || this.#hedgeAfterMs > 0;
  }

  #plan(): Course {
    if (this.#course === undefined) {
      this.#course = new Course(this.#runtime, this, this.#picks, this.#replay);
      this.#course.begin(this.#route!, this.#account!);
    }
    return this.#course;
  }

  /** Counts an attempt and takes its connection; the head is written next. */
  #take(attempt: Attempt, backend: Backend, ticket: Ticket, at = now()): boolean {
    const { timeouts, retry } = this.#route!;
    this.attempts++;
    const isConnected = attempt.take(backend, ticket, timeouts, retry.perTryTimeoutMs, at);
    attempt.row = this.#account!.attempt(backend, isConnected);
    return isConnected;
  }

  // --- further attempts --------------------------------------------------------------------------

  onWaiting(): void {
    this.#user.onWaiting();
  }

  onBackend(backend: Backend, ticket: Ticket): void {
    if (this.#hedgeAfterMs > 0) this.#plan().hedgeIn(this.#hedgeAfterMs);
    this.#begin(this.#race.leader, backend, ticket);
  }

  onHedgeDue(): void {
    const { leader } = this.#race;
    if (!leader.isActive) return;
    const backend = this.#plan().hedge(leader.backend!);
    if (backend !== undefined) this.#begin(this.#race.second(), backend, this.#picks.ticket);
  }

  /** Begins an attempt with what is kept. */
  #begin(attempt: Attempt, backend: Backend, ticket: Ticket): void {
    this.#user.onWaiting();
    const isConnected = this.#take(attempt, backend, ticket);
    attempt.start();
    if (isConnected) this.onConnected(attempt);
  }

  /** An attempt has failed before its answer. */
  onFailed(attempt: Attempt, failure: Failure): void {
    const race = this.#race;
    this.cause = attempt.cause;
    this.why = attempt.why;
    this.#account!.attemptFailed(attempt.backend!, failure === "status");
    this.#picks.tried(attempt.backend!);
    const other = race.beside(attempt);
    if (other !== undefined) return race.lead(other);
    this.#hedgeAfterMs = 0;
    if (!this.#plan().goOn(failure)) this.#giveUp(attempt.isTimedOut ? 504 : 502);
  }

  onNoBackend(why: Cause, cause = this.cause): void {
    this.why = why;
    this.cause = cause;
    this.#giveUp(503);
  }

  /** The whole request has taken too long: by the client's doing where its body is what is awaited. */
  onRequestTimeout(): void {
    const isClients = this.isReady && !this.isRequestComplete && this.wire.isFlushed;
    this.cause = "request timeout";
    this.why = isClients ? "request_timeout" : "backend_timeout";
    if (!isClients) this.#blame();
    this.#race.end(isClients ? "aborted" : "timeout");
    this.#giveUp(isClients ? 408 : 504);
  }

  /** What is under way has failed. */
  #blame(): void {
    const { leader } = this.#race;
    const other = this.#race.beside(leader);
    if (leader.isActive) this.#account!.attemptFailed(leader.backend!, false);
    if (other !== undefined) this.#account!.attemptFailed(other.backend!, false);
  }

  #giveUp(status: OwnStatus): void {
    this.#close();
    this.#user.onUndeliverable(status);
  }

  // --- the request's body ------------------------------------------------------------------------

  /** Body bytes are taken: a connection stands. */
  get isReady(): boolean {
    return this.#race.leader.isConnected;
  }

  /** The connection of the attempt that the body goes to and the answer comes from. */
  get wire(): Wire {
    return this.#race.leader.wire;
  }

  get isRequestComplete(): boolean {
    return this.#body.isComplete;
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
    this.#race.leader.arm();
  }

  onUpstreamDrain(attempt: Attempt): void {
    this.#user.onUpstreamDrain();
    attempt.arm();
  }

  onReconnecting(attempt: Attempt): void {
    this.#account!.reconnecting(attempt.backend!);
    this.#user.onWaiting();
  }

  /** A connection stands: what was kept goes. */
  onConnected(attempt: Attempt): void {
    const replay = this.#replay;
    const { output } = this.#runtime;
    this.#account!.connected();
    replay.send(output, attempt.backend!, attempt.wire, this.#body.lastChunk);
    // A fresh connection is not stale; without a policy nothing is made up for from here on.
    if (!replay.isRepeatable || !(attempt.isReused || this.#mayGoOn)) replay.drop();
    attempt.arm();
    this.#user.onReady();
  }

  // --- the answer --------------------------------------------------------------------------------

  onInterim(attempt: Attempt, bytes: Buffer): void {
    // Of two that are asked, only one may speak; which one is not known yet.
    if (this.#race.beside(attempt) === undefined) this.#user.onInterim(bytes);
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
    const isAlone = this.#race.beside(attempt) === undefined;
    if (!isListed(this.#route!.retry, "status", status))
      return !isAlone && (status >= 500 || isFailure(attempt.outcome));
    return !isAlone || this.#plan().passesOver(status);
  }

  #accept(attempt: Attempt): void {
    this.#race.win(attempt);
    this.#close();
    attempt.accept(this.#user);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** The last attempt's backend, and what its breaker says; for the log. */
  get backend(): Backend | undefined {
    return this.attempts === 0 ? undefined : this.#race.leader.backend;
  }

  /** The answer has been passed on whole. */
  complete(isReusable: boolean, keepAliveSeconds: number): void {
    this.#race.leader.complete(isReusable, keepAliveSeconds);
  }

  /** The answer cannot be passed on to its end, by the backend's fault. */
  break(cause: string, end: Cause): void {
    const { isTimedOut, backend } = this.#race.leader;
    this.cause = isTimedOut ? "read timeout" : cause;
    this.why = isTimedOut ? "backend_timeout" : end;
    this.#account!.attemptFailed(backend!, false);
    this.#race.end(isTimedOut ? "timeout" : "reset");
  }

  /** Nobody wants an answer any more; no backend is to blame. */
  cancel(): void {
    this.#race.end("aborted");
    this.#close();
  }

  /** The connection is a tunnel's from now on; `endTunnel` has to follow. */
  handOver(): UpstreamConnection {
    return this.#race.leader.handOver();
  }

  /** The tunnel is over. */
  endTunnel(): void {
    this.#race.leader.end("success");
  }

  /** There will be no further attempt. */
  #close(): void {
    this.#course?.end();
    this.#replay.drop();
  }
}

/** For a head that is written before it is known where it goes; `KeptRequest` puts the rest in. */
const NOBODY: RequestTarget = { pathPrefix: Buffer.alloc(0), authority: Buffer.alloc(0) };
