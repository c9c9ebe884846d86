// Origin: a real backend on node:http, strict, that records what it gets. It complains of anything
// that llhttp does not take for HTTP/1.1.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";

import { onTestFinished } from "vitest";

import { type Field, valueOf, valuesOf } from "./message.ts";
import type { Certificate } from "./certificate.ts";
import { openEnd } from "./open-ends.ts";
import { until } from "./until.ts";

/** A request as it came to the origin. */
export interface Received {
  method: string;
  target: string;
  version: string;
  fields: Field[];
  field(name: string): string | undefined;
  all(name: string): string[];
  /** The body so far; only its size and checksum where the origin was told not to keep bodies. */
  body: Buffer;
  bodyBytes: number;
  bodyCrc: number;
  /** The request has come in whole. */
  isComplete: boolean;
  /** Its connection has ended before it was answered. */
  isAborted: boolean;
  /** Which of the origin's connections it came on, counted from 0. */
  connection: number;
}

/** Answers a request when its head is there; the body is being recorded meanwhile. */
export type Answerer = (
  response: ServerResponse,
  received: Received,
  request: IncomingMessage,
) => void | Promise<void>;

export interface OriginOptions {
  /** Count and checksum bodies instead of keeping them. */
  dropsBodies?: boolean;
  keepAliveTimeoutMs?: number;
  /** Speaks TLS. */
  certificate?: Certificate;
  /** Another loopback address than 127.0.0.1, and a port there that is not just any free one. */
  host?: string;
  port?: number;
}

export class Origin {
  readonly requests: Received[] = [];
  /** What was no HTTP; must stay empty. */
  readonly complaints: string[] = [];
  /** Connections so far. */
  connections = 0;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const scheme = this.#server instanceof SecureServer ? "https" : "http";
    return `${scheme}://127.0.0.1:${this.port}`;
  }

  /** The request number `index` (from 0), once its head has come. */
  async request(index: number): Promise<Received> {
    await until(`request ${index} at the origin`, () => this.requests.length > index);
    return this.requests[index]!;
  }

  /** The request number `index`, once it has come whole. */
  async complete(index: number): Promise<Received> {
    const received = await this.request(index);
    await until(`the end of request ${index}`, () => received.isComplete);
    return received;
  }

  /** Closes connections that wait for a request. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }
}

/** Starts an origin, on a free port of the loopback address if nothing else is said; without `answer` it says 200 and "ok". */
export async function startOrigin(
  answer: Answerer = answerOk,
  options: OriginOptions = {},
): Promise<Origin> {
  const numbers = new WeakMap<object, number>();
  const strict = { insecureHTTPParser: false, requireHostHeader: true };
  const server =
    options.certificate === undefined
      ? createServer(strict)
      : createSecureServer({ ...strict, ...options.certificate });
  const origin = new Origin(server);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const received = record(request, response, numbers.get(request.socket) ?? -1, options);
    origin.requests.push(received);
    // What happens to an origin's connection is the test's matter, not an error of the origin.
    response.on("error", () => undefined);
    Promise.resolve(answer(response, received, request)).catch((error: unknown) => {
      origin.complaints.push(String(error));
    });
  };
  server.on("request", serve);
  server.on("checkContinue", serve);
  server.on("connection", (socket) => numbers.set(socket, origin.connections++));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // A message that was cut off is not wrong, and shows in `isComplete`.
    const isCut = error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE";
    if (!isCut) origin.complaints.push(`${error.code}: ${error.message}`);
    socket.destroy();
  });
  server.keepAliveTimeout = options.keepAliveTimeoutMs ?? 120_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  openEnd(() => server.closeAllConnections());
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    if (origin.complaints.length > 0) throw new Error(`the origin got ${origin.complaints.join()}`);
  });
  return origin;
}

function record(
  request: IncomingMessage,
  response: ServerResponse,
  connection: number,
  options: OriginOptions,
): Received {
  const fields = request.rawHeaders.flatMap((name, index): Field[] =>
    index % 2 === 0 ? [[name, request.rawHeaders[index + 1]!]] : [],
  );
  const received: Received = {
    method: request.method ?? "",
    target: request.url ?? "",
    version: request.httpVersion,
    fields,
    field: (name) => valueOf(fields, name),
    all: (name) => valuesOf(fields, name),
    body: Buffer.alloc(0),
    bodyBytes: 0,
    bodyCrc: 0,
    isComplete: false,
    isAborted: false,
    connection,
  };
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => {
    received.bodyBytes += chunk.length;
    received.bodyCrc = crc32(chunk, received.bodyCrc);
    if (options.dropsBodies !== true) chunks.push(chunk);
  });
  request.on("end", () => {
    received.isComplete = true;
    received.body = Buffer.concat(chunks);
  });
  request.on("error", () => undefined);
  response.on("close", () => {
    received.isAborted = !response.writableFinished;
  });
  return received;
}

function answerOk(response: ServerResponse, _: Received, request: IncomingMessage): void {
  request.on("end", () => {
    response.setHeader("Content-Type", "text/plain");
    response.end("ok\n");
  });
}
