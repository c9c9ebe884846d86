/**
 * Stream record: what there is to say of a connection of a stream, or of a UDP session, when it is over.
 */

/** How connections and sessions end. */
export const STREAM_CAUSES = [
  /** Both sides have said that they are done. */
  "finished",
  "client-reset",
  "backend-reset",
  /** Nobody has said anything for too long; how UDP sessions end. */
  "idle",
  /** Its address is not one that is served. */
  "denied",
  /** There were as many as there may be: of the stream, or of its client. */
  "connections",
  "client-connections",
  /** No PROXY header where one was due, not in time, or none that can be read. */
  "proxy-header",
  /** The same of a ClientHello. */
  "client-hello",
  /** No backend for this server name. */
  "no-route",
  /** No backend is to be had. */
  "no-backend",
  "connect-failure",
  /** A UDP session that made room for another one. */
  "evicted",
  /** The process ends, or a fault of ours. */
  "cut",
] as const;
export type StreamCause = (typeof STREAM_CAUSES)[number];

export interface StreamRecord {
  stream: string;
  /** As the PROXY header has it, where there was one. */
  client: string;
  clientPort: number;
  /** "" where it came to none. */
  backend: string;
  /** From the client. */
  bytesIn: number;
  /** To the client. */
  bytesOut: number;
  durationMs: number;
  cause: StreamCause;
}
