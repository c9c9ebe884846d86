/**
 * Observer: one worker's eye on its exchanges. It gives each an account, and what the account says in
 * the end to metrics, access log and trace.
 */
import { AccessLog } from "../access-log/access-log.ts";
import { LineWriter } from "../access-log/line-ring.ts";
import { now } from "../clock.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Generation } from "../generation.ts";
import { FIELD } from "../http/fields.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { BackendMeter } from "../metrics/backend-meter.ts";
import { methodLabel, METHOD_LABELS } from "../metrics/method-label.ts";
import { createSegment, Recorder } from "../metrics/recorder.ts";
import type { RouteMeter } from "../metrics/route-meter.ts";
import type { Backend } from "../pool/backend.ts";
import type { StreamRecord } from "../stream/stream-record.ts";
import { spanOf } from "../tracing/span.ts";
import { SpanBatch } from "../tracing/span-batch.ts";
import { Account, TRACE_BEGUN, TRACE_CONTINUED, TRACE_PASSED, WORDS } from "./account.ts";
import { DROPS } from "./cause.ts";
import type { FromObserver, ObservationStart, ToObserver } from "./messages.ts";
import { RandomWords } from "./random-words.ts";
import { readRequestId } from "./request-id.ts";
import { RANDOM, readTraceParent, SAMPLED } from "./trace-context.ts";

/** Accounts that are kept for the next exchanges. */
const FREE_MAX = 1_024;
/** The sweep that tells the thread's lag comes so often. */
const TICK_MS = 100;

/** Whom a request comes from. */
interface Peer {
  peer: string;
  isTls: boolean;
}

export class Observer {
  readonly recorder: Recorder;
  readonly #random = new RandomWords();
  readonly #lines: LineWriter;
  readonly #spans: SpanBatch;
  readonly #free: Account[] = [];
  /** Of requests that came to no route, and to no backend. */
  readonly #noRoute: RouteMeter;
  readonly #noBackend: BackendMeter;
  #generation: Generation | undefined;
  #log: AccessLog | undefined;
  #hasIds = false;
  #traces = false;
  /** A trace whose last word, as an unsigned number, is below this is sent. */
  #sampledBelow = 0;
  #now = 0;
  #isFresh = false;
  /** What turns `performance.now()` into milliseconds since 1970. */
  #wallClock = performance.timeOrigin;

  /** @param tell how the main thread is told */
  constructor(start: ObservationStart, tell: (message: FromObserver) => void) {
    this.recorder = new Recorder(start.metrics, tell);
    this.#lines = new LineWriter(start.lines, () => tell({ type: "lines" }));
    const { thread } = this.recorder;
    this.#spans = new SpanBatch(
      (spans) => tell({ type: "spans", spans }),
      (count) => thread.spansDropped(count),
    );
    this.#noRoute = this.recorder.route("", "");
    this.#noBackend = this.recorder.backend("");
  }

  /** Of a worker that nobody watches. */
  static alone(): Observer {
    const lines = new SharedArrayBuffer(16 + 1024);
    return new Observer({ metrics: createSegment(), lines }, () => {});
  }

  /** From now on requests are served by this generation. */
  serve(generation: Generation): void {
    const { accessLog, requestId, tracing } = generation.settings;
    this.recorder.generation++;
    this.#generation = generation;
    this.#log = accessLog.enabled ? new AccessLog(this.#lines, accessLog) : undefined;
    this.#hasIds = requestId.enabled;
    this.#traces = generation.isTracing;
    this.#sampledBelow = (tracing.sampleMillionths / 1e6) * 2 ** 32;
  }

  receive(message: ToObserver): void {
    if (message.type === "forget") this.recorder.forget(message.places);
    else this.#spans.taken();
  }

  /** Looks, as long as the worker lives, how late it does what is due, and how late it is. */
  watchClock(deadlines: Deadlines): void {
    let last = now();
    const sweep = {
      deadline: 0,
      onDeadline: (): void => {
        sweep.deadline = 0;
        const time = now();
        const { thread } = this.recorder;
        thread.lagged(Math.max(time - last - TICK_MS, 0));
        // Without the one that looks.
        thread.watches(deadlines.size - 1);
        // The time of day is set now and then, this thread's clock never.
        this.#wallClock = Date.now() - time;
        last = time;
      },
    };
    deadlines.add(sweep);
  }

  /** A connection of a stream is over, or was turned away. */
  streamEnded(record: StreamRecord): void {
    this.#log?.writeStream(record, this.#wallClock + now());
  }

  /** Sends what has not been sent yet: the worker is about to end. */
  finish(): void {
    this.#spans.flush();
  }

  // --- one exchange ------------------------------------------------------------------------------

  /** A request whose head is here. `bytes` is what `head` was parsed from. */
  begin(head: RequestHead, bytes: Buffer, from: Peer): Account {
    const account = this.#open(from);
    account.method = methodLabel(bytes, head.methodStart, head.methodEnd);
    this.#identify(account, head, bytes);
    this.#log?.note(account, head, bytes);
    return account;
  }

  /** A request whose head was refused: it is over at once. Returns whole lines for the answer. */
  refuse(status: number, from: Peer): string {
    const account = this.#open(from);
    account.method = METHOD_LABELS.length - 1;
    if (this.#hasIds) this.#makeId(account);
    this.#log?.noteRefused(account);
    account.replied(status, 0);
    account.cause = status === 408 ? "header_timeout" : "request_invalid";
    const { answerFields } = account;
    account.end(0, 0);
    return answerFields;
  }

  /** The account of an exchange that is over. */
  end(account: Account): void {
    const endedAt = this.#isFresh ? this.#now : now();
    const { thread } = this.recorder;
    thread.exchangeEnded(!account.isInternal);
    if (!account.isInternal) {
      const drop = account.cause === "" ? undefined : DROPS[account.cause];
      if (drop !== undefined) thread.dropped(drop);
      this.#count(account, endedAt);
      if (account.isLogged) this.#log?.write(account, endedAt, this.#wallClock + endedAt);
      if (account.isSampled) this.#spans.add(spanOf(account, endedAt, this.#wallClock));
    }
    account.clear();
    if (this.#free.length < FREE_MAX) this.#free.push(account);
  }

  /** The meter of a backend in this worker. */
  meterOf(backend: Backend): BackendMeter {
    return (backend.meter ??= this.recorder.backend(backend.id));
  }

  /** The time, and for what follows from the same read, until `releaseClock`. */
  readClock(): number {
    if (this.#isFresh) return this.#now;
    this.#isFresh = true;
    return (this.#now = now());
  }

  /** What follows comes later. */
  releaseClock(): void {
    this.#isFresh = false;
  }

  #open({ peer, isTls }: Peer): Account {
    const account = this.#free.pop() ?? new Account(this);
    this.#isFresh = false;
    account.startedAt = now();
    account.peer = peer;
    account.isTls = isTls;
    this.recorder.thread.exchangeBegun();
    return account;
  }

  #count(account: Account, endedAt: number): void {
    const { route, backend, startedAt, answeredAt, switchedAt } = account;
    const meter = backend === undefined ? this.#noBackend : this.meterOf(backend);
    account.totalMs = (switchedAt === 0 ? endedAt : switchedAt) - startedAt;
    account.ttfbMs = answeredAt === 0 ? -1 : answeredAt - startedAt;
    account.retries = Math.max(account.attempts - 1, 0);
    (route?.meter ?? this.#noRoute).count(account.method, meter, account);
    if (switchedAt !== 0) this.recorder.thread.tunnelClosed();
    else if (answeredAt !== 0) meter.transferred(endedAt - answeredAt);
  }

  // --- identifiers -------------------------------------------------------------------------------

  /** Reads what the client sent of them, and makes what it did not. */
  #identify(account: Account, { fields }: RequestHead, bytes: Buffer): void {
    let id = -1;
    let parent = -1;
    let parents = 0;
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kind[i]!;
      if (kind === FIELD.REQUEST_ID) id = i;
      else if (kind === FIELD.TRACEPARENT) {
        parent = i;
        parents++;
      }
    }
    const trusts = (id !== -1 || parents !== 0) && this.#generation!.trusts(account.peer);
    if (this.#hasIds) {
      if (id !== -1 && trusts)
        account.givenId = readRequestId(bytes, fields.valueStart[id]!, fields.valueEnd[id]!);
      if (account.givenId === "") this.#makeId(account);
      else account.hasId = true;
    }
    const flags =
      parents === 1
        ? readTraceParent(
            bytes,
            fields.valueStart[parent]!,
            fields.valueEnd[parent]!,
            account.words,
            WORDS.trace,
          )
        : -1;
    if (flags === -1) this.#beginTrace(account);
    else if (this.#traces) this.#continueTrace(account, flags, trusts);
    else account.trace = TRACE_PASSED;
  }

  #makeId(account: Account): void {
    account.hasId = true;
    this.#fill(account.words, WORDS.id, WORDS.trace);
  }

  /** A trace has its first request's id, where that was made here: so the one is found by the other. */
  #beginTrace(account: Account): void {
    const { words } = account;
    account.trace = TRACE_BEGUN;
    account.isRandom = true;
    if (account.hasId && account.givenId === "") {
      // Four stores; the method of the array would be a call into the runtime.
      for (let i = WORDS.id; i < WORDS.trace; i++) words[WORDS.trace + i] = words[i]!;
    } else this.#fill(words, WORDS.trace, WORDS.parent);
    words[WORDS.parent] = words[WORDS.parent + 1] = 0;
    this.#fill(words, WORDS.client, WORDS.end);
    if (this.#traces && this.#isChosen(words)) this.#sample(account);
  }

  /** A peer that is trusted has decided already; what others say would let them decide what is sent. */
  #continueTrace(account: Account, flags: number, trusts: boolean): void {
    const isChosen = trusts ? (flags & SAMPLED) !== 0 : this.#isChosen(account.words);
    account.trace = isChosen ? TRACE_CONTINUED : TRACE_PASSED;
    if (!isChosen) return;
    account.isRandom = (flags & RANDOM) !== 0;
    this.#fill(account.words, WORDS.client, WORDS.end);
    this.#sample(account);
  }

  #sample(account: Account): void {
    account.isSampled = true;
    this.#fill(account.words, WORDS.server, WORDS.client);
  }

  #isChosen(words: Int32Array): boolean {
    return words[WORDS.parent - 1]! >>> 0 < this.#sampledBelow;
  }

  #fill(words: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) words[i] = this.#random.next();
  }
}
