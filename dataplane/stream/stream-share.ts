/**
 * Stream share: what the workers of a stream have in common, given out by the main thread with each
 * generation.
 */
export interface StreamShare {
  /** The port, where the stream's is 0; else the stream's own. */
  port: number;
  /** What its `ConnectionCounts` lie in; undefined where nothing is limited. */
  counts: SharedArrayBuffer | undefined;
}

/** By the names of streams. */
export type StreamShares = ReadonlyMap<string, StreamShare>;

export const NO_SHARES: StreamShares = new Map();
