// Sockets that listen on a port, as Linux tells them.

import { readFileSync } from "node:fs";

/** How many listen on the port of an IPv4 address. */
export function listeningOn(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const listens = new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} 00000000:0000 0A `, "gm");
  return readFileSync("/proc/net/tcp", "utf8").match(listens)?.length ?? 0;
}
