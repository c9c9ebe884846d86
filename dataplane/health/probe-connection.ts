/**
 * Probe connection: what a probe connects with, always anew: a listener that has died does not hide
 * behind a connection that it accepted earlier.
 */
import { connect, type Socket } from "node:net";

import { reason } from "../reason.ts";
import { tlsModule } from "../tls-module.ts";
import type { ProbeTarget } from "./probe-target.ts";

/**
 * Connects; with TLS the backend's certificate is checked as for requests.
 *
 * @returns the socket, to be destroyed whatever happens; `connected` is called once
 */
export function connectProbe(
  { address, port, isTls, serverName }: ProbeTarget,
  connected: (error: Error | undefined) => void,
): Socket {
  const to = { host: address, port };
  const socket = isTls
    ? tlsModule().connect({ ...to, servername: serverName, ALPNProtocols: ["http/1.1"] })
    : connect(to);
  const settle = (error?: Error): void => {
    socket.off("error", settle).on("error", () => {});
    connected(error);
  };
  socket.once(isTls ? "secureConnect" : "connect", () => settle());
  socket.once("error", settle);
  return socket;
}

/**
 * Calls back when a probe has taken too long. Not before what has come in meanwhile was read: where this
 * thread was busy, it is the one that is late.
 */
export function probeTimer(ms: number, late: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(late), ms);
}

/** Faults of this machine, which say nothing about a backend. */
const OWN_FAULTS = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL"]);

/** What an error says of the target: why it is not well; undefined where it says nothing. */
export function verdictOf(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && OWN_FAULTS.has(code) ? undefined : reason(error);
}
