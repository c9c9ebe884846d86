/**
 * A backend of the experiments, a process of its own: `node backend.ts PORT FAULT`. It is well until it is
 * told to be ill by SIGUSR2.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { BODY, type Fault } from "./faults.ts";

const SLOW_MS = 2_000;
/** An idle connection is closed after up to so long; clients of a pool come back to it sooner or later. */
const IDLE_MS = 100;

const [port, fault] = process.argv.slice(2) as [string, Fault];
let answerer: Fault = "none";
process.on("SIGUSR2", () => (answerer = fault));

const ANSWERS: Record<Fault, (response: ServerResponse, socket: Socket) => void> = {
  none: answer,
  killed: answer,
  silent: () => {},
  half: (response) => {
    head(response);
    response.write(BODY.subarray(0, BODY.length / 2));
  },
  reset: (response, socket) => {
    head(response);
    response.write(BODY.subarray(0, BODY.length / 2), () => socket.resetAndDestroy());
  },
  errors: (response) => {
    if (Math.random() < 0.3) response.writeHead(500).end("no\n");
    else answer(response);
  },
  slow: (response) => {
    if (Math.random() < 0.1) setTimeout(answer, SLOW_MS, response);
    else answer(response);
  },
  closing: (response, socket) => {
    answer(response);
    // Without a word in the answer, as a server does that is short of memory or has a timer.
    setTimeout(() => {
      if (busy.has(socket)) return;
      socket.destroy();
    }, Math.random() * IDLE_MS);
  },
};

const busy = new Set<Socket>();

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { socket } = request;
  busy.add(socket);
  response.on("finish", () => busy.delete(socket));
  response.on("error", () => {});
  ANSWERS[answerer](response, socket);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), "127.0.0.1");

function head(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": BODY.length });
}

function answer(response: ServerResponse): void {
  head(response);
  response.end(BODY);
}
