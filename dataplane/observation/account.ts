/**
 * Account: what is noted of one exchange, from its request's head to its end, and told at the end: to
 * the metrics, the access log and the trace.
 *
 * An exchange that is under way has one; when it is over the object serves the next.
 */
import { now } from "../clock.ts";
import { LineText } from "../access-log/line-text.ts";
import type { Route } from "../generation.ts";
import { FIELD } from "../http/fields.ts";
import type { Output } from "../http/output.ts";
import type { Backend } from "../pool/backend.ts";
import type { Row } from "../metrics/recorder.ts";
import type { Counted } from "../metrics/route-meter.ts";
import { type Cause, causeOf } from "./cause.ts";
import { hexTexts, writeHex } from "./hex.ts";
import type { Observer } from "./observer.ts";
import { RANDOM, SAMPLED } from "./trace-context.ts";

/** What becomes of the client's `traceparent`: it goes on, ours takes its place, or ours begins a trace. */
export const TRACE_PASSED = 0;
export const TRACE_CONTINUED = 1;
export const TRACE_BEGUN = 2;

/** A client that left is counted so. */
const STATUS_CLIENT_GONE = 499;

/** Where identifiers lie in an account's words. The span that the request came from follows its trace. */
export const WORDS = { id: 0, trace: 4, parent: 8, server: 10, client: 12, end: 14 } as const;

export class Account implements Counted {
  readonly #observer: Observer;
  /** Milliseconds of `performance.now()`, as all times here. */
  startedAt = 0;
  /** When the head of a backend's answer was here; 0 before. */
  answeredAt = 0;
  /** When it became a tunnel; 0 where it is none. */
  switchedAt = 0;
  /** How long it waited for a backend, and for the connection to it. */
  queueMs = 0;
  connectMs = 0;
  /** A number of `METHOD_LABELS`. */
  method = 0;
  status = 0;
  attempts = 0;
  requestBytes = 0;
  responseBytes = 0;
  /** What is counted in the end, see `Counted`. */
  retries = 0;
  totalMs = 0;
  ttfbMs = -1;
  cause: Cause | "" = "";
  route: Route | undefined;
  backend: Backend | undefined;
  peer = "";
  isTls = false;
  /** It is no traffic: a probe, or an operator's question. */
  isInternal = false;
  isLogged = false;
  /** What its line says already, where it gets one. */
  readonly line: LineText = new LineText();
  /** Where in it the request's line ends, in the Combined Log Format; -1 where it is JSON. */
  lineSplit = 0;
  /** The id that a trusted peer gave; "" where it is `id`. */
  givenId = "";
  /** `X-Request-Id` is ours. */
  hasId = false;
  /** The identifiers, see `WORDS`. The parent is zero where the trace begins here. */
  readonly words: Int32Array = new Int32Array(WORDS.end);
  /** One of `TRACE_PASSED`, `TRACE_CONTINUED`, `TRACE_BEGUN`. */
  trace = TRACE_PASSED;
  /** A span of it is sent. */
  isSampled = false;
  /** The trace's id is known to be random. */
  isRandom = false;
  #attemptAt = 0;
  #queuedAt = 0;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** It is as new. */
  clear(): void {
    this.answeredAt = this.switchedAt = this.queueMs = this.connectMs = 0;
    this.status = this.attempts = this.requestBytes = this.responseBytes = 0;
    this.cause = this.givenId = "";
    this.route = undefined;
    this.backend = undefined;
    this.isInternal = false;
    if (this.isLogged) this.line.clear();
    this.isLogged = false;
    this.hasId = this.isSampled = this.isRandom = false;
    this.trace = TRACE_PASSED;
    this.#queuedAt = 0;
  }

  // --- on the way --------------------------------------------------------------------------------

  /** The request has a route. */
  routed(route: Route): void {
    this.route = route;
    // Now and not in the end, when the route may be gone.
    route.meter ??= this.#observer.recorder.route(route.service, route.pattern);
  }

  /** Every backend is full: it waits for one. */
  queued(): void {
    this.#queuedAt = now();
    this.#observer.recorder.thread.queued();
  }

  /** It waits no more, if it did. */
  unqueued(): void {
    if (this.#queuedAt === 0) return;
    const ms = now() - this.#queuedAt;
    this.#queuedAt = 0;
    this.queueMs += ms;
    this.#observer.recorder.thread.unqueued(ms);
  }

  /**
   * The request is given to a backend.
   *
   * @returns where it is counted until the backend has nothing more to do with it
   */
  attempt(backend: Backend, isReused: boolean): Row | undefined {
    if (this.isInternal) return undefined;
    this.attempts++;
    this.backend = backend;
    this.connectMs = 0;
    this.#attemptAt = isReused ? 0 : now();
    return this.#observer.meterOf(backend).started(isReused);
  }

  /** The connection was stale: the same backend is connected anew. */
  reconnecting(backend: Backend): void {
    if (this.isInternal) return;
    this.#attemptAt = now();
    this.#observer.meterOf(backend).reconnected();
  }

  /** The connection that was made for it stands. */
  connected(): void {
    if (this.#attemptAt !== 0) this.connectMs = now() - this.#attemptAt;
  }

  /** An attempt has come to nothing, or to an answer that is not passed on. */
  attemptFailed(backend: Backend, hasAnswered: boolean): void {
    if (this.isInternal) return;
    this.#observer.meterOf(backend).failed(hasAnswered ? "http_error" : "connection_error");
  }

  /** The final head of a backend's answer is here. */
  answered(status: number, backend: Backend): void {
    this.status = status;
    if (!this.isInternal) this.backend = backend;
    this.answeredAt = this.#observer.readClock();
    if (status >= 500 && this.backend !== undefined)
      this.#observer.meterOf(this.backend).failed("http_error");
  }

  /** It goes on as a tunnel. */
  switched(backend: Backend): void {
    this.status = 101;
    this.backend = backend;
    this.cause = "upgraded";
    this.switchedAt = this.answeredAt = now();
    this.#observer.recorder.thread.tunnelOpened();
  }

  /** Balto answers itself. */
  replied(status: number, bytes: number): void {
    this.status = status;
    this.answeredAt = 0;
    this.responseBytes = bytes;
    if (this.cause === "") this.cause = causeOf(status);
  }

  /**
   * The exchange is over; the object must not be used any more.
   *
   * @param requestBytes content of the request that was passed on
   * @param responseBytes content of the backend's answer that was passed on
   */
  end(requestBytes: number, responseBytes: number): void {
    this.requestBytes = requestBytes;
    if (this.answeredAt !== 0) this.responseBytes = responseBytes;
    if (this.cause === "") this.cause = "done";
    if (this.cause === "client_aborted" || this.status === 0) this.status = STATUS_CLIENT_GONE;
    this.#observer.end(this);
  }

  // --- in the messages ---------------------------------------------------------------------------

  /** Whether a field of the request goes on as it came. */
  passes(kind: number): boolean {
    if (kind === FIELD.REQUEST_ID) return !this.hasId;
    if (kind === FIELD.TRACEPARENT) return this.trace === TRACE_PASSED;
    return this.trace !== TRACE_BEGUN;
  }

  /** Writes the fields of the request that are ours. */
  writeRequestFields(output: Output): void {
    if (this.hasId) this.#writeId(output);
    if (this.trace === TRACE_PASSED) return;
    output.put(TRACEPARENT);
    let at = this.#write(output.bytes, output.length, WORDS.trace, WORDS.parent);
    output.bytes[at++] = DASH;
    output.length = this.#write(output.bytes, at, WORDS.client, WORDS.end);
    output.put(FLAGS[(this.isSampled ? SAMPLED : 0) | (this.isRandom ? RANDOM : 0)]!);
  }

  /** Writes the fields of the answer that are ours. */
  writeAnswerFields(output: Output): void {
    if (this.hasId) this.#writeId(output);
  }

  /** The same as a text. */
  get answerFields(): string {
    return this.hasId ? `X-Request-Id: ${this.idText}\r\n` : "";
  }

  /** The request's id; "" where it has none of ours. */
  get idText(): string {
    if (!this.hasId) return "";
    return this.givenId === "" ? hexTexts(this.words, WORDS.id, WORDS.trace) : this.givenId;
  }

  /** The same into a line, which has room for it. */
  putId(line: LineText): void {
    if (!this.hasId) return;
    if (this.givenId !== "") line.plain(this.givenId);
    else line.length = this.#write(line.bytes, line.length, WORDS.id, WORDS.trace);
  }

  #writeId(output: Output): void {
    output.put(REQUEST_ID);
    if (this.givenId !== "") output.text(this.givenId);
    else output.length = this.#write(output.bytes, output.length, WORDS.id, WORDS.trace);
    output.put(CRLF);
  }

  #write(bytes: Uint8Array, at: number, from: number, to: number): number {
    for (let i = from; i < to; i++) at = writeHex(bytes, at, this.words[i]!);
    return at;
  }
}

const DASH = 0x2d;
const CRLF = Buffer.from("\r\n");
const REQUEST_ID = Buffer.from("X-Request-Id: ");
const TRACEPARENT = Buffer.from("traceparent: 00-");
/** By their number. */
const FLAGS = [0, 1, 2, 3].map((flags) => Buffer.from(`-0${flags}\r\n`));
