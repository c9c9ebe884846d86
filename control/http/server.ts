/**
 * The writer's server: an HTTP/1.1 server of few connections, on a Unix socket that only this user can
 * open, or on a TCP address that asks for the token.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";

import { CONNECTIONS_MAX } from "../limits.ts";

/** Where to listen. */
export type Listen = { socket: string } | { host: string; port: number };

export interface RunningServer {
  /** `unix:/path` or `http://host:port`. */
  url: string;
  /** Takes no more connections, and resolves when those that are there have ended. */
  close: () => Promise<void>;
}

const HEAD_BYTES_MAX = 16 * 1024;
const HEAD_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
const IDLE_MS_MAX = 30_000;

/** @throws Error with `code` (EADDRINUSE, EACCES) */
export async function listen(
  where: Listen,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RunningServer> {
  const server = createServer(
    {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: HEAD_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
    },
    handler,
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  if ("socket" in where) await listenOnSocket(server, where.socket);
  else await listenOnPort(server, where);
  return { url: urlOf(server, where), close: () => closed(server) };
}

async function listenOnSocket(server: Server, path: string): Promise<void> {
  await removeAbandoned(path);
  await started(server, () => {
    // From its first moment on nobody else may open it.
    const mask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
  });
  chmodSync(path, 0o600);
}

async function listenOnPort(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  await started(server, () => server.listen(port, host === "" ? undefined : host));
}

async function started(server: Server, begin: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    begin();
  });
}

/** The socket of a process that has died is in the way of the next. */
async function removeAbandoned(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const isInUse = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (!isInUse) unlinkSync(path);
}

function urlOf(server: Server, where: Listen): string {
  if ("socket" in where) return `unix:${where.socket}`;
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
