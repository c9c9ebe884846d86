/**
 * Exchange client: the client's side of an exchange, as far as an exchange is concerned.
 */
import type { RequestPeer } from "./decision.ts";
import type { Output } from "./output.ts";
import type { Tunnel } from "./tunnel.ts";
import type { Wire } from "./wire.ts";

/** Whom an exchange answers. */
export interface ExchangeClient extends RequestPeer {
  readonly wire: Wire;
  /** Nobody takes the body just now: it waits. */
  pauseBody(): void;
  /** A backend takes the body: what waited goes on. */
  resumeBody(): void;
  /** The answer's head is in `output`; whoever put it there flushes it. */
  beginAnswer(output: Output): void;
  /** Sends an interim answer. */
  send(output: Output): void;
  /** Something was written: from now on the client has to take it. */
  armWrite(): void;
  /** Ends the connection behind what was written. */
  close(): void;
  /** The answer cannot be completed. */
  cut(): void;
  onExchangeDone(keepAlive: boolean): void;
  /** The backend has switched: from now on the connection's bytes are the tunnel's. */
  startTunnel(tunnel: Tunnel): void;
}
