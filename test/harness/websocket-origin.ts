// WebSocket origin: a real server of the ws package that sends back what it gets.

import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

import { openEnd } from "./open-ends.ts";

export interface WebSocketOrigin {
  url: string;
  /** The handshakes it got. */
  handshakes: IncomingMessage[];
  sockets: WebSocket[];
}

/** Starts one on a free port of the loopback address. */
export async function startWebSocketOrigin(): Promise<WebSocketOrigin> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise<void>((resolve) => {
    server.once("listening", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const origin: WebSocketOrigin = {
    url: `http://127.0.0.1:${port}`,
    handshakes: [],
    sockets: [],
  };
  server.on("connection", (socket, request) => {
    origin.handshakes.push(request);
    origin.sockets.push(socket);
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    socket.on("error", () => undefined);
  });
  const stop = (): void => {
    for (const socket of origin.sockets) socket.terminate();
    server.close();
  };
  openEnd(stop);
  onTestFinished(stop);
  return origin;
}
