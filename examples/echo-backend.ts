/**
 * A backend for trying things out: answers every request with what it received, as JSON. It listens
 * on the loopback addresses only. By itself: `node examples/echo-backend.ts 8081 8082`.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface EchoBackend {
  port: number;
  close: () => Promise<void>;
}

/** What it answers. */
export interface Echo {
  port: number;
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body_bytes: number;
}

/** @param port 0 takes any free one; a port that is taken rejects with EADDRINUSE */
export async function startEchoBackend(port: number): Promise<EchoBackend> {
  const first = await listen(port, "127.0.0.1");
  const bound = (first.address() as AddressInfo).port;
  const servers = [first];
  // Where localhost is ::1 as well, both must answer. Not every machine has it.
  try {
    servers.push(await listen(bound, "::1"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") {
      await close(first);
      throw error;
    }
  }
  return { port: bound, close: async () => void (await Promise.all(servers.map(close))) };
}

function listen(port: number, host: string): Promise<Server> {
  const server = createServer(answer);
  // Longer than a proxy keeps a connection, so that it is never closed under a request.
  server.keepAliveTimeout = 120_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/api/health") {
    send(response, { status: "ok" });
    return;
  }
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  request.on("end", () => {
    const echo: Echo = {
      port: request.socket.localPort ?? 0,
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body_bytes: bytes,
    };
    send(response, echo);
  });
}

function send(response: ServerResponse, body: object): void {
  const text = `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

if (import.meta.main) {
  const ports = process.argv.slice(2).map(Number);
  if (ports.length === 0 || !ports.every((port) => port > 0 && port < 65536)) {
    process.stderr.write("usage: node examples/echo-backend.ts PORT...\n");
    process.exitCode = 64;
  } else {
    for (const port of ports) {
      await startEchoBackend(port);
      process.stderr.write(`echo backend on localhost:${port}\n`);
    }
  }
}
