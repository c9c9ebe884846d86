/**
 * Stream context: what the streams of one worker need of it.
 */
import type { Runtime } from "../runtime.ts";
import type { StreamCounters } from "./stream-counters.ts";
import type { StreamRecord } from "./stream-record.ts";

/** A stream's connection that failed, as the log has it. */
export interface StreamFailure {
  side: "client" | "backend";
  cause: string;
  stream: string;
  backend: string;
  client: string;
}

export interface StreamContext {
  readonly runtime: Runtime;
  readonly counters: StreamCounters;
  /** Told of each connection and session that is over, and of those that were refused. */
  onEnd(record: StreamRecord): void;
  /** Told of a backend that could not be reached, and the like. */
  onFailure(failure: StreamFailure): void;
}
