/**
 * Stream listener: a worker's own sockets of a stream, TCP or UDP. It stays while the stream's address
 * does, whatever else of the stream changes.
 */
import type { ConnectionCounter } from "../connection-counts.ts";
import type { ListenAddress } from "../listening-sockets.ts";
import type { Stream } from "./stream.ts";

export interface StreamListener {
  /** What new connections and sessions are served by. */
  stream: Stream;
  /** Its limits; undefined where there are none. */
  counter: ConnectionCounter | undefined;
  /**
   * Begins to listen, where connections are accepted with so many sockets.
   *
   * @throws Error where the address cannot be listened on
   */
  open(address: ListenAddress, sockets: number): Promise<void>;
  /** Takes nothing new; what is under way goes on. Resolves when that is so. */
  retire(): Promise<void>;
  /** Takes new ones again; false where that cannot be. */
  revive(): boolean;
}
