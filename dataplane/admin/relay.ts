/**
 * Relay: what only the process that writes the tree can answer goes there, and its answer comes back as
 * it is. A write is never sent twice.
 */
import {
  type ClientRequest,
  type IncomingMessage,
  request as send,
  type RequestOptions,
  type ServerResponse,
} from "node:http";

import type { Actor } from "./access.ts";
import { answerError } from "./answer.ts";

/** Where the writer is: on a socket of this machine, or another Balto. */
export type WriterAddress = { kind: "socket"; path: string } | { kind: "url"; url: URL };

export interface Relayed {
  request: IncomingMessage;
  response: ServerResponse;
  actor: Actor;
  peer: string;
  requestId: string;
  /** Answers instead of the writer where that does not answer at all; undefined where nobody can. */
  otherwise: (() => void) | undefined;
}

const BODY_BYTES_MAX = 1024 * 1024;
/** It answers within 30 seconds, or never. */
const ANSWER_MS = 40_000;

/** Fields of the client that the writer is told. */
const PASSED = [
  "accept",
  "balto-author",
  "content-type",
  "if-match",
  "if-none-match",
  "origin",
  "traceparent",
  "user-agent",
];
/** Fields of the answer that are this connection's own business. */
const KEPT_BACK = ["connection", "keep-alive", "transfer-encoding", "x-request-id"];

/** Answers when the writer has. */
export async function relay(to: WriterAddress, relayed: Relayed): Promise<void> {
  const { request, response } = relayed;
  const isLong = Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX;
  const body = isLong ? undefined : await readBody(request);
  if (body === undefined) return answerError(response, 413, "content too large", CLOSE);
  const onwards = await open(to, relayed, body.length);
  await new Promise<void>((resolve) => {
    response.on("close", resolve);
    onwards.on("response", (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, fieldsOf(answer));
      answer.on("error", () => response.destroy()).pipe(response);
    });
    onwards.on("error", (error: NodeJS.ErrnoException) => {
      if (response.headersSent) return void response.destroy();
      if (error.name === "AbortError" || error.name === "TimeoutError")
        return answerError(response, 504, "the control process does not answer in time");
      if (relayed.otherwise !== undefined) return relayed.otherwise();
      answerError(response, 503, "the control process does not answer", { "Retry-After": "1" });
    });
    onwards.end(body);
  });
}

/** The request to the writer, whose body is still to come. */
async function open(
  to: WriterAddress,
  { request, actor, peer, requestId }: Relayed,
  bodyBytes: number,
): Promise<ClientRequest> {
  const fields: Record<string, string | string[] | number> = {};
  for (const name of PASSED) {
    const value = request.headers[name];
    if (value !== undefined) fields[name] = value;
  }
  if (bodyBytes > 0 || request.method !== "GET") fields["content-length"] = bodyBytes;
  if (requestId !== "") fields["x-request-id"] = requestId;
  const options: RequestOptions = {
    method: request.method ?? "GET",
    path: request.url ?? "/",
    headers: fields,
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS),
  };
  if (to.kind === "socket") {
    Object.assign(fields, { host: "localhost", "balto-actor": actor, "balto-client": peer });
    return send({ ...options, socketPath: to.path });
  }
  // Another Balto knows the token itself.
  const { authorization } = request.headers;
  if (authorization !== undefined) fields["authorization"] = authorization;
  const { protocol, hostname, port, pathname } = to.url;
  const elsewhere: RequestOptions = {
    ...options,
    host: hostname.replace(/^\[|\]$/g, ""),
    port,
    path: pathname.replace(/\/$/, "") + options.path!,
  };
  if (protocol === "http:") return send(elsewhere);
  const { request: sendSecure } = await import("node:https");
  return sendSecure(elsewhere);
}

function fieldsOf({ rawHeaders }: IncomingMessage): string[] {
  const fields: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!KEPT_BACK.includes(rawHeaders[i]!.toLowerCase()))
      fields.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  return fields;
}

/** The whole body; undefined where it is longer than it may be, or does not come to its end. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on("data", (part: Buffer) => {
      length += part.length;
      if (length <= BODY_BYTES_MAX) parts.push(part);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(parts)));
    request.on("close", () => resolve(undefined));
  });
}

const CLOSE = { Connection: "close" };
