/**
 * Exporter: sends spans to a collector, OTLP over HTTP, a batch at a time. What the collector does not
 * take fast enough is dropped and counted; traffic never waits for it.
 */
import { request as requestPlain, type RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";

import type { Log } from "../log.ts";
import { reason } from "../reason.ts";
import { exportRequest } from "./otlp.ts";
import type { ExchangeSpan } from "./span.ts";

export interface ExporterOptions {
  /** URL; without a path the one that collectors listen at. */
  endpoint: string;
  serviceName: string;
  log: Log;
}

/** Spans that wait, those of one request, and how long the first of them waits for others. */
const WAITING_MAX = 4_096;
const BATCH_MAX = 512;
const WAIT_MS = 1_000;
const TIMEOUT_MS = 10_000;
/** After a failure; it doubles. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
/** The end of the process waits so long. */
const LAST_WORDS_MS = 2_000;
/** Of a collector's answer, so much is read. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** What became of a batch. */
type Outcome = { kind: "taken" } | { kind: "refused" | "again"; why: string; afterMs?: number };

export class Exporter {
  /** Exchanges. */
  sent = 0;
  dropped = 0;
  readonly #url: URL;
  readonly #serviceName: string;
  readonly #log: Log;
  #waiting: ExchangeSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #retryMs = RETRY_MS;
  #isFailing = false;
  #isEnding = false;

  constructor({ endpoint, serviceName, log }: ExporterOptions) {
    this.#url = new URL(endpoint);
    if (this.#url.pathname === "/") this.#url.pathname = "/v1/traces";
    this.#serviceName = serviceName;
    this.#log = log;
  }

  add(spans: readonly ExchangeSpan[]): void {
    const room = WAITING_MAX - this.#waiting.length;
    this.dropped += Math.max(spans.length - room, 0);
    this.#waiting.push(...spans.slice(0, Math.max(room, 0)));
    if (this.#sending !== undefined) return;
    if (this.#isFailing) this.#in(this.#retryMs);
    else if (this.#waiting.length >= BATCH_MAX) this.#send();
    else this.#in(WAIT_MS);
  }

  /** Sends what waits, as far as that is possible within a moment. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const end = performance.now() + LAST_WORDS_MS;
    await this.#sending;
    while (this.#waiting.length > 0 && !this.#isFailing && performance.now() < end) {
      await this.#sendBatch(end - performance.now());
    }
    this.dropped += this.#waiting.length;
    this.#waiting = [];
  }

  #in(ms: number): void {
    this.#timer ??= setTimeout(() => this.#send(), ms).unref();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    this.#sending = this.#sendBatch(TIMEOUT_MS).then((waitMs) => {
      this.#sending = undefined;
      if (this.#isEnding || this.#waiting.length === 0) return;
      if (waitMs > 0) this.#in(waitMs);
      else if (this.#waiting.length >= BATCH_MAX) this.#send();
      else this.#in(WAIT_MS);
    });
  }

  /** @returns how long to wait before the next one, in milliseconds */
  async #sendBatch(timeoutMs: number): Promise<number> {
    const batch = this.#waiting.splice(0, BATCH_MAX);
    const outcome = await this.#post(
      JSON.stringify(exportRequest(this.#serviceName, batch)),
      Math.max(Math.ceil(timeoutMs), 1),
    );
    if (outcome.kind === "taken") {
      if (this.#isFailing)
        this.#log.write("info", "tracing", "Traces are sent again", this.#where());
      this.#isFailing = false;
      this.#retryMs = RETRY_MS;
      this.sent += batch.length;
      return 0;
    }
    if (!this.#isFailing)
      this.#log.write("warn", "tracing", "Traces cannot be sent", {
        ...this.#where(),
        error: outcome.why,
      });
    this.#isFailing = true;
    const room = WAITING_MAX - this.#waiting.length;
    const kept = outcome.kind === "again" ? batch.slice(0, room) : [];
    this.dropped += batch.length - kept.length;
    this.#waiting = [...kept, ...this.#waiting];
    const waitMs = Math.max(outcome.afterMs ?? 0, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    return waitMs;
  }

  #post(body: string, timeoutMs: number): Promise<Outcome> {
    const options: RequestOptions = {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
      signal: AbortSignal.timeout(timeoutMs),
    };
    return new Promise((resolve) => {
      const post = this.#url.protocol === "https:" ? requestSecure : requestPlain;
      const request = post(this.#url, options, (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (part: string) => {
            if (text.length < ANSWER_BYTES_MAX) text += part;
          })
          .on("end", () => resolve(outcomeOf(response.statusCode ?? 0, response.headers, text)))
          .on("error", (error) => resolve({ kind: "again", why: reason(error) }));
      });
      request.on("error", (error) => resolve({ kind: "again", why: reason(error) }));
      request.end(body);
    });
  }

  /** Without what a URL may hold beside its host. */
  #where(): { endpoint: string } {
    return { endpoint: this.#url.origin + this.#url.pathname };
  }
}

/** What a collector's answer means (OTLP specification, "OTLP/HTTP Response"). */
function outcomeOf(
  status: number,
  headers: { "retry-after"?: string | undefined },
  body: string,
): Outcome {
  if (status >= 200 && status < 300) {
    const message = refusalIn(body);
    return message === undefined ? { kind: "taken" } : { kind: "refused", why: message };
  }
  const why = `the collector answers ${status}`;
  if (![429, 502, 503, 504].includes(status)) return { kind: "refused", why };
  const seconds = Number(headers["retry-after"] ?? NaN);
  return {
    kind: "again",
    why,
    ...(Number.isFinite(seconds) ? { afterMs: Math.min(seconds * 1_000, RETRY_MS_MAX) } : {}),
  };
}

/** The message of a partial success that took less than all. */
function refusalIn(body: string): string | undefined {
  try {
    const { partialSuccess } = JSON.parse(body) as {
      partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string };
    };
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
    if (rejected === 0) return undefined;
    return `${rejected} spans were rejected: ${partialSuccess?.errorMessage ?? ""}`;
  } catch {
    return undefined;
  }
}
