/**
 * Messages between the main thread and its workers.
 */
import type { References } from "./references.ts";
import type { AdminChannel } from "./admin/admin-route.ts";
import type { Fields } from "./log.ts";
import type { FromObserver, ObservationStart, ToObserver } from "./observation/messages.ts";
import type { Endpoint, NamePolicy } from "./pool/endpoints.ts";
import type { PoolEvent } from "./pool/pool-events.ts";
import type { NewRow } from "./stream/stream-counters.ts";
import type { StreamShares } from "./stream/stream-share.ts";
import type { LogLevel } from "../artifact/model.ts";

/** What a worker serves: verified by the main thread, viewed by each worker. */
export interface GenerationMessage {
  number: number;
  bytes: Uint8Array<SharedArrayBuffer>;
  references: References;
  /** PEM texts, undefined where `global.tls` is off. */
  tls: TlsMaterial | undefined;
  streams: StreamShares;
}

/** A certificate chain and its key, PEM. */
export interface TlsMaterial {
  cert: string;
  key: string;
}

/** Given to a worker when it starts. */
export interface WorkerStart {
  index: number;
  /** How many workers there are. */
  count: number;
  listen: { host: string; port: number };
  generation: GenerationMessage;
  /** Descriptors that the process may have; Infinity where that is not known. */
  descriptorsMax: number;
  /** What `ConnectionCounts` lie in. */
  connections: SharedArrayBuffer;
  /** What `PoolState` lies in. */
  pools: SharedArrayBuffer;
  /** What workers count of streams in. */
  streamCounters: SharedArrayBuffer;
  /** Where it counts that it lives. */
  beats: SharedArrayBuffer;
  /** Where its observer writes. */
  observation: ObservationStart;
  /** Where the main thread answers operators. */
  admin: AdminChannel;
  /** What another process gives at the path with this worker's number, and at each `count`th, is taken over. */
  handoverBase: string | undefined;
}

export type ToWorker =
  | { type: "generation"; generation: GenerationMessage }
  | { type: "announce" }
  | { type: "observation"; message: ToObserver }
  | { type: "drain"; timeoutMs: number }
  | { type: "give"; fd: number; at: number }
  | { type: "endpoints"; key: string; endpoints: readonly Endpoint[]; error: string }
  | { type: "cut" };

export type FromWorker =
  | { type: "listening"; port: number; taken: number }
  | { type: "shed"; count: number }
  | { type: "listen-failed"; message: string }
  | { type: "serving"; generation: number }
  | { type: "drained" }
  | NameWanted
  | { type: "stream-row"; row: NewRow }
  | { type: "pool-event"; event: PoolEvent }
  | { type: "observation"; message: FromObserver }
  | { type: "log"; level: LogLevel; module?: string; message: string; fields: Fields };

/** A worker begins to use a name, wants it to be asked for again, or uses it no more. */
export interface NameWanted {
  type: "name";
  does: "watch" | "ask" | "forget";
  host: string;
  policy: NamePolicy;
}
