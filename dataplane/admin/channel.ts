/**
 * Channel: the fields in which a worker tells the main thread who asks. The engine drops every
 * `X-Param-*` that a client sends, so on this way they are the worker's word.
 */
import type { IncomingMessage } from "node:http";

/** The process's secret, the client's address, its transport, the host it named, and whether a proxy spoke for it. */
export const CHANNEL_FIELDS = [
  "X-Param-Balto-Secret",
  "X-Param-Balto-Peer",
  "X-Param-Balto-Transport",
  "X-Param-Balto-Host",
  "X-Param-Balto-Way",
] as const;

/** Who asks. */
export interface Asker {
  /** An IP address; "" where it is not known. */
  peer: string;
  /** The host that was asked for, without its port; "" where none was named. */
  host: string;
  isTls: boolean;
  /** A proxy's fields were among the request's. */
  isRelayed: boolean;
}

/** What a worker says of who asks. */
export function askerOfChannel({ headers }: IncomingMessage): Asker {
  const [, peer, transport, host, way] = CHANNEL_FIELDS.map(
    (name) => (headers[name.toLowerCase()] as string | undefined) ?? "",
  );
  return {
    peer: peer === "-" ? "" : peer!,
    host: host === "-" ? "" : host!.toLowerCase(),
    isTls: transport === "tls",
    isRelayed: way !== "direct",
  };
}

/** The secret that a request carries. */
export function secretOf({ headers }: IncomingMessage): string {
  return (headers[CHANNEL_FIELDS[0].toLowerCase()] as string | undefined) ?? "";
}
