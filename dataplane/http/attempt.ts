/**
 * Attempt: one try to have a request answered by one backend, from the pick to its outcome. It takes or
 * makes the connection, sees to its limits in time, reads the answer's head, and settles the pick exactly
 * once, however it ends. What is sent, and what becomes of an answer or a failure, is its user's business
 * (delivery.ts).
 *
 * It is one state machine, in which each state has a limit in time and may be left by every end of a
 * connection, which is why it is in one file:
 *
 *     take ──► connecting ──► sending ──► awaiting the head ──► answering ──► settled
 *       │          ▲             ▲              │
 *       │          └─────────────┼──────────────┘  once, where a kept connection was stale
 *       └────────────────────────┘                 a kept connection stands
 */
import { now } from "../clock.ts";
import type { Timeouts } from "../../artifact/model.ts";
import type { Backend } from "../pool/backend.ts";
import type { Outcome } from "../pool/outcome.ts";
import type { UpstreamConnection, UpstreamUser } from "../pool/upstream-connection.ts";
import { BackendMeter } from "../metrics/backend-meter.ts";
import type { Row } from "../metrics/recorder.ts";
import type { Cause } from "../observation/cause.ts";
import type { Runtime } from "../runtime.ts";
import { Alarm, type AlarmOwner } from "../timer-wheel.ts";
import { AnswerDrain } from "./answer-drain.ts";
import type { Failure } from "./retry.ts";
import type { Wire } from "./wire.ts";

/** Interim answers of one attempt; a backend that sends more is broken. */
const INTERIM_ANSWERS_MAX = 16;
/** An answer that is still coming after so long tells a half-open breaker that it is one. */
const LONG_ANSWER_MS = 1_000;

/** Whom an attempt tells. */
export interface AttemptUser {
  /** All of the request's body has been sent or is kept. */
  readonly isRequestComplete: boolean;
  /** The request may be sent once more, and what is needed for that is kept. */
  readonly mayRepeat: boolean;
  /** It connects anew, as a kept connection was stale: nothing can be sent just now. */
  onReconnecting(attempt: Attempt): void;
  /** A new connection stands: what is kept of the request is sent now. */
  onConnected(attempt: Attempt): void;
  /** The head of an interim answer has been read. `bytes` is what it was parsed from. */
  onInterim(attempt: Attempt, bytes: Buffer): void;
  /** The head of the final answer has been read, or a 101; its body begins at `at`. */
  onHead(attempt: Attempt, bytes: Buffer, at: number, end: number): void;
  /** It has failed before the answer's head was accepted, and is settled. */
  onFailed(attempt: Attempt, failure: Failure): void;
  /** The backend has taken everything. */
  onUpstreamDrain(attempt: Attempt): void;
}

/** Whom an attempt tells of the answer whose head was accepted. */
export interface AnswerUser {
  /** What follows behind the head. */
  onAnswerBytes(bytes: Buffer, start: number, end: number): void;
  /** The connection has ended; `isClean` by the backend's own FIN. */
  onAnswerEnd(isClean: boolean): void;
}

export class Attempt implements UpstreamUser, AlarmOwner {
  /** Whom it was made at; stays known when it is over. */
  backend: Backend | undefined;
  /** Why it has failed, for the log. */
  cause = "";
  /** The same in a word. */
  why: Cause = "backend_reset";
  /** Where it is counted as under way. */
  row: Row | undefined;
  /** A limit in time has ended it. */
  isTimedOut = false;
  /** What the answer's status means to the backend. */
  outcome: Outcome = "success";
  readonly #runtime: Runtime;
  readonly #user: AttemptUser;
  #answerUser: AnswerUser | undefined;
  #ticket = 0;
  #isPicked = false;
  #timeouts: Timeouts | undefined;
  #tryTimeoutMs = 0;
  #tryAlarm: Alarm | undefined;
  #upstream: UpstreamConnection | undefined;
  /** Bytes of an answer's head that is not complete. */
  #stash: Buffer | undefined;
  #interim = 0;
  #hasHead = false;
  #hasReconnected = false;
  /** The whole request has gone: from now on time counts. */
  #isSent = false;
  #sentAt = 0;
  #latencyMs = 0;
  /** Behind the head: until when the next byte is due, and when a half-open breaker is told. */
  #readBy = Infinity;
  #reportAt = Infinity;

  constructor(runtime: Runtime, user: AttemptUser) {
    this.#runtime = runtime;
    this.#user = user;
  }

  /** Another one of the same request, to be made beside this one. */
  twin(): Attempt {
    return new Attempt(this.#runtime, this.#user);
  }

  /** It is under way: picked and not settled. */
  get isActive(): boolean {
    return this.#isPicked;
  }

  /** The backend's connection; there is one while it stands. */
  get wire(): Wire {
    return this.#upstream!.wire;
  }

  get isConnected(): boolean {
    return this.#upstream?.isConnected === true;
  }

  /** The connection that was taken has served before: it may be stale. */
  get isReused(): boolean {
    return this.#upstream!.isReused;
  }

  // --- the request -------------------------------------------------------------------------------

  /**
   * Takes a connection to a backend that was picked; `start` goes on.
   *
   * @param tryTimeoutMs from the request being sent to the answer's head; 0 is no limit of its own
   * @param at the time
   * @returns true where the connection stands
   */
  take(
    backend: Backend,
    ticket: number,
    timeouts: Timeouts,
    tryTimeoutMs: number,
    at: number,
  ): boolean {
    this.backend = backend;
    this.#ticket = ticket;
    this.#isPicked = true;
    this.row = undefined;
    this.#timeouts = timeouts;
    this.#tryTimeoutMs = tryTimeoutMs;
    this.#interim = 0;
    this.#hasHead = this.#hasReconnected = this.isTimedOut = false;
    this.#isSent = this.#user.isRequestComplete;
    this.#sentAt = at;
    this.#latencyMs = 0;
    const upstream = (this.#upstream = backend.take(this.#runtime));
    return upstream.isConnected;
  }

  /** Uses the connection; where it does not stand yet, `onConnected` or `onFailed` follows, maybe at once. */
  start(): void {
    if (this.#tryTimeoutMs > 0 && this.#isSent) this.#limitTry();
    this.#assign(this.#upstream!);
  }

  #assign(upstream: UpstreamConnection): void {
    const { isConnected } = upstream;
    upstream.assign(this);
    // One deadline for the name and all of its addresses.
    if (!isConnected && this.#upstream === upstream)
      upstream.deadline = this.#in(this.#timeouts!.connectMs);
  }

  onUpstreamConnected(): void {
    this.#user.onConnected(this);
  }

  onUpstreamDrain(): void {
    this.#user.onUpstreamDrain(this);
  }

  /** Something was sent or received: what the backend has to do next, and by when. */
  arm(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const timeouts = this.#timeouts!;
    if (!this.#isSent && this.#user.isRequestComplete) this.#sent();
    if (!upstream.wire.isFlushed) upstream.deadline = this.#in(timeouts.writeMs);
    else if (this.#hasHead) {
      this.#readBy = this.#in(timeouts.readMs);
      upstream.deadline = Math.min(this.#readBy, this.#reportAt);
    }
    // While the client is still sending it is the client's limit that counts.
    else upstream.deadline = this.#isSent ? this.#in(timeouts.responseMs) : Infinity;
  }

  #sent(): void {
    this.#isSent = true;
    this.#sentAt = now();
    if (this.#tryTimeoutMs > 0 && !this.#hasHead) this.#limitTry();
  }

  #limitTry(): void {
    this.#tryAlarm ??= new Alarm(this);
    this.#runtime.wheel.set(this.#tryAlarm, this.#tryTimeoutMs);
  }

  // --- the answer --------------------------------------------------------------------------------

  onResponseBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#hasHead) return this.#answerUser!.onAnswerBytes(bytes, start, end);
    if (this.#stash !== undefined) {
      bytes = Buffer.concat([this.#stash, bytes.subarray(start, end)]);
      start = 0;
      end = bytes.length;
      this.#stash = undefined;
    }
    const head = this.#runtime.responseHead;
    for (;;) {
      const behind = head.parse(bytes, start, end);
      if (behind < 0) return this.fail("reset", "its answer breaks the grammar", "backend_invalid");
      if (behind === 0) {
        if (end > start) this.#stash = Buffer.from(bytes.subarray(start, end));
        return;
      }
      if (head.status >= 200 || head.status === 101) {
        const { observer } = this.#runtime;
        this.#latencyMs = observer.readClock() - this.#sentAt;
        this.outcome = head.status === 101 ? "success" : this.backend!.outcomeOf(head.status);
        this.#user.onHead(this, bytes, behind, end);
        return observer.releaseClock();
      }
      if (++this.#interim > INTERIM_ANSWERS_MAX) {
        return this.fail("reset", "it sends interim answers without an end", "backend_invalid");
      }
      this.#user.onInterim(this, bytes);
      start = behind;
    }
  }

  /** In `onHead`: this answer is the one, and the user is told what follows it. */
  accept(user: AnswerUser): void {
    this.#hasHead = true;
    this.#answerUser = user;
    this.#cancelLimit();
    this.#reportAt = this.#in(LONG_ANSWER_MS);
  }

  /**
   * In `onHead`: this answer is passed over, its body read and dropped.
   *
   * @param toHead the request's method is HEAD
   */
  passOver(bytes: Buffer, at: number, end: number, toHead: boolean): void {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    const isUsable = this.#isSent && upstream.wire.isFlushed;
    if (isUsable) AnswerDrain.begin(this.#runtime, upstream, { bytes, at, end, toHead });
    else upstream.destroy();
    this.#settle(this.outcome);
  }

  /** The backend ends its half: it has nothing more to say. */
  onUpstreamEnd(): boolean {
    return false;
  }

  onUpstreamClosed(error: NodeJS.ErrnoException | undefined): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream === undefined) return;
    if (this.#hasHead)
      return this.#answerUser!.onAnswerEnd(error === undefined && !this.isTimedOut);
    if (!upstream.isConnected) {
      const cause = this.isTimedOut ? "connect timeout" : reasonOf(error);
      // Want of descriptors or memory is this host's own.
      if (OWN_WANTS.has(cause)) this.#settle("aborted");
      return this.fail("connect-failure", cause);
    }
    if (this.isTimedOut) return this.fail("timeout", this.#isSent ? "response timeout" : WRITE);
    const isUntouched = this.#stash === undefined && this.#interim === 0;
    if (upstream.isReused && isUntouched && !this.#hasReconnected && this.#user.mayRepeat) {
      return this.#reconnect();
    }
    this.fail("reset", error === undefined ? "closed before its answer" : reasonOf(error));
  }

  /** A kept connection was closed as the request was sent: once more, on a new one (RFC 9112 §9.3.1). */
  #reconnect(): void {
    this.#hasReconnected = true;
    this.#user.onReconnecting(this);
    this.#upstream = this.backend!.take(this.#runtime, true);
    this.#assign(this.#upstream);
  }

  /** A limit of the backend's side has passed. True where the connection is over. */
  onUpstreamDeadline(): boolean {
    const upstream = this.#upstream!;
    const { writeMs, readMs } = this.#timeouts!;
    if (upstream.isConnected && !upstream.wire.isFlushed && upstream.wire.hasProgressed()) {
      upstream.deadline = this.#in(writeMs);
      return false;
    }
    if (this.#hasHead) {
      this.#reportLong();
      if (upstream.wire.isFlushed && this.#readBy > this.#runtime.deadlines.now) {
        upstream.deadline = this.#readBy;
        return false;
      }
      if (upstream.wire.isPaused) {
        // It is the client who does not read; the client's own limit sees to that.
        upstream.deadline = this.#in(readMs);
        return false;
      }
    }
    this.isTimedOut = true;
    return true;
  }

  /** A stream may go on for hours: a half-open breaker must not wait for its end. */
  #reportLong(): void {
    if (this.#runtime.deadlines.now < this.#reportAt) return;
    this.#reportAt = Infinity;
    const backend = this.backend!;
    if (backend.breakerState === "half-open")
      this.#ticket = backend.report(this.outcome, this.#latencyMs, this.#ticket);
  }

  /** The limit of this attempt has passed. */
  onAlarm(): void {
    this.isTimedOut = true;
    this.fail(this.isConnected ? "timeout" : "connect-failure", "try timeout");
  }

  // --- the end -----------------------------------------------------------------------------------

  /** The answer is complete. */
  complete(isReusable: boolean, keepAliveSeconds: number): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (isReusable && upstream !== undefined && upstream.wire.isFlushed)
      upstream.release(keepAliveSeconds);
    else upstream?.destroy();
    this.#settle(this.outcome);
  }

  /** Ends it before its answer was accepted, by the backend's fault. */
  fail(failure: Failure, cause: string, end: Cause = "backend_reset"): void {
    this.cause = cause;
    if (this.isTimedOut) this.why = "backend_timeout";
    else this.why = failure === "connect-failure" ? "connect_failed" : end;
    this.end(failure === "status" ? this.outcome : failure);
    this.#user.onFailed(this, failure);
  }

  /** Ends it, whatever it has come to; nothing more is told. */
  end(outcome: Outcome): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.destroy();
    if (!this.#hasHead) this.#latencyMs = now() - this.#sentAt;
    this.#settle(outcome);
  }

  /** The connection becomes another user's; the pick is settled by `end`. */
  handOver(): UpstreamConnection {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    this.#cancelLimit();
    this.#ticket = this.backend!.report("success", this.#latencyMs, this.#ticket);
    return upstream;
  }

  #settle(outcome: Outcome): void {
    this.#cancelLimit();
    this.#stash = undefined;
    if (!this.#isPicked) return;
    this.#isPicked = false;
    if (this.row !== undefined) BackendMeter.ended(this.row);
    this.backend!.settle(outcome, this.#latencyMs, this.#ticket);
  }

  #cancelLimit(): void {
    if (this.#tryAlarm !== undefined) this.#runtime.wheel.cancel(this.#tryAlarm);
  }

  #in(ms: number): number {
    return this.#runtime.deadlines.in(ms);
  }
}

const OWN_WANTS = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"]);
const WRITE = "write timeout";

function reasonOf(error: NodeJS.ErrnoException | undefined): string {
  return error?.code ?? error?.message ?? "closed";
}
