/**
 * Stream log: what one worker says of the connections and sessions of its streams. Those that are over
 * have a line each at the level debug; failures and refusals, which come in floods, are told together.
 */
import { FailureLog } from "../http/failure-log.ts";
import type { Fields } from "../log.ts";
import type { StreamFailure } from "./stream-context.ts";
import type { StreamCause, StreamRecord } from "./stream-record.ts";

/** Lines a second about connections that are over: the main thread writes them all. */
const LINES_MAX = 1_000;
const INTERVAL_MS = 1_000;

/** What a client is turned away for. */
const REFUSALS: ReadonlySet<StreamCause> = new Set<StreamCause>([
  "denied",
  "connections",
  "client-connections",
  "proxy-header",
  "client-hello",
  "no-route",
]);

export interface StreamLogOptions {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  /** Whether lines at the level debug are written. */
  isVerbose: () => boolean;
  tell: (level: "debug" | "warn", message: string, fields: Fields) => void;
}

export class StreamLog {
  readonly #options: StreamLogOptions;
  readonly #failures = new FailureLog<StreamFailure>(({ stream }) => stream);
  #intervalAt = -Infinity;
  #lines = 0;
  #leftOut = 0;

  constructor(options: StreamLogOptions) {
    this.#options = options;
    this.#failures.tell = (failure) => {
      const message = failure.side === "client" ? "Connection refused" : "Connection failed";
      options.tell("warn", message, { ...failure });
    };
  }

  /** A backend could not be reached, and the like. */
  failed(failure: StreamFailure): void {
    this.#failures.report(this.#options.now(), failure);
  }

  /** A connection or session is over, or was refused. */
  ended(record: StreamRecord): void {
    const { stream, client, backend, cause } = record;
    if (REFUSALS.has(cause)) this.failed({ side: "client", cause, stream, backend, client });
    if (!this.#options.isVerbose()) return;
    const now = this.#options.now();
    if (now - this.#intervalAt >= INTERVAL_MS) {
      this.#intervalAt = now;
      this.#lines = 0;
    }
    if (this.#lines++ >= LINES_MAX) {
      this.#leftOut++;
      return;
    }
    const fields: Fields = {
      stream,
      client,
      client_port: record.clientPort,
      backend,
      bytes_in: record.bytesIn,
      bytes_out: record.bytesOut,
      duration_ms: Math.round(record.durationMs),
      cause,
    };
    if (this.#leftOut > 0) fields["left_out"] = this.#leftOut;
    this.#leftOut = 0;
    this.#options.tell("debug", "Connection ended", fields);
  }
}
