/**
 * Admin server: answers what operators ask. It is loaded with the first question.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import { FORMAT_VERSION } from "../../artifact/layout.ts";
import type { Log } from "../log.ts";
import type { Observation } from "../observation/observation.ts";
import type { ProcessState } from "../process-state.ts";
import type { Reloader } from "../reloader.ts";
import { Access, type Actor, type Door } from "./access.ts";
import { answerBytes, answerError, answerJson, COMMON } from "./answer.ts";
import type { BackendSource } from "./backend-source.ts";
import type { Asker } from "./channel.ts";
import type { EventHub } from "./event-hub.ts";
import { isAdminPath } from "../../artifact/own-path.ts";
import { relay, type WriterAddress } from "./relay.ts";
import { findService, listServices } from "./services.ts";
import type { ServiceTimes } from "./service-times.ts";
import { statsOf } from "./stats.ts";
import type { AdminToken } from "./token.ts";
import { WrongTokens } from "./wrong-tokens.ts";

/** What is told of the process, and what can be done with it. */
export interface AdminContext {
  readonly log: Log;
  readonly token: AdminToken;
  readonly state: ProcessState;
  readonly observation: Observation;
  readonly events: EventHub;
  readonly times: ServiceTimes;
  readonly reloader: Reloader;
  backends: BackendSource;
  /** Where the process is that writes the tree; undefined where there is none. */
  writer(): WriterAddress | undefined;
}

/** One question, let in. */
interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  query: URLSearchParams;
  /** HEAD is asked as GET, and Node leaves out the body. */
  method: string;
  asker: Asker;
  actor: Actor;
}

type Answer = (call: Call) => void | Promise<void>;

export class AdminServer {
  readonly #context: AdminContext;
  readonly #access: Access;
  readonly #answers: ReadonlyMap<string, Readonly<Record<string, Answer>>>;
  #settings: object | undefined;
  #origins: readonly string[] = [];

  constructor(context: AdminContext) {
    this.#context = context;
    this.#access = new Access(context.token, new WrongTokens());
    this.#answers = new Map<string, Readonly<Record<string, Answer>>>([
      ["/balto/health/stats", { GET: (call) => this.#stats(call) }],
      ["/balto/metrics", { GET: (call) => this.#metrics(call) }],
      ["/balto/artifact", { GET: (call) => this.#artifact(call) }],
      ["/balto/backends", { GET: (call) => this.#backends(call) }],
      ["/balto/events", { GET: (call) => this.#events(call) }],
      ["/balto/reload", { POST: (call) => this.#reload(call) }],
    ]);
  }

  /** Answers a request that came through a door. */
  async handle(
    door: Door,
    asker: Asker,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.#follow();
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark === -1 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
    if (path === "/health" || path === "/livez") return answerJson(response, 200, { status: "ok" });
    if (path !== "/readyz" && !isAdminPath(path))
      return answerError(response, 404, "there is nothing here");
    const origin = request.headers.origin;
    const isAllowed = origin !== undefined && this.#allows(origin);
    if (isAllowed) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Vary", "Origin");
    }
    if (request.method === "OPTIONS") return preflight(response, isAllowed);
    const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
    const isRead = method === "GET";
    const { authorization } = request.headers;
    const verdict = this.#access.judge({ door, asker, isRead, authorization });
    if (path === "/readyz") {
      return this.#ready(response, query.has("verbose") && typeof verdict === "string");
    }
    if (typeof verdict !== "string") {
      this.#refused(asker, request, path, verdict.status);
      const { status, error, retryAfter } = verdict;
      return answerError(response, status, error, {
        ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="balto"' } : {}),
        ...(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) }),
      });
    }
    // A page of somebody else's must not read for its visitor, who may be let in without a token.
    if (isRead && origin !== undefined && !isAllowed && authorization === undefined)
      return answerError(response, 403, "this origin is not allowed");
    await this.#answer({ request, response, path, query, method, asker, actor: verdict });
  }

  async #answer(call: Call): Promise<void> {
    const { path, method, response, request } = call;
    if (isWriters(path)) return this.#write(call);
    const state = STATE.exec(path);
    const answers =
      state === null
        ? this.#answers.get(path)
        : { POST: () => this.#drain(call, state[1]!, state[2] === "drain") };
    const answer = answers?.[method];
    if (answers === undefined) return answerError(response, 404, "there is nothing here");
    if (answer === undefined) {
      const allow = Object.keys(answers).flatMap((name) =>
        name === "GET" ? ["GET", "HEAD"] : [name],
      );
      return answerError(response, 405, "method not allowed", { Allow: allow.join(", ") });
    }
    if (method !== "GET" && request.headers.origin !== undefined)
      return answerError(response, 403, "no page of a browser may do this");
    await answer(call);
  }

  /** Settings that are in force by now. */
  #follow(): void {
    const { settings } = this.#context.state.served;
    if (settings === this.#settings) return;
    this.#settings = settings;
    this.#access.setReaders(settings.admin.readers);
    this.#origins = settings.admin.allowedOrigins;
  }

  #allows(origin: string): boolean {
    return this.#origins.includes("*") || this.#origins.includes(origin.toLowerCase());
  }

  #refused({ peer }: Asker, { method }: IncomingMessage, path: string, status: number): void {
    const { log } = this.#context;
    log.write("warn", "admin", "Question refused", { client: peer, method, path, status });
  }

  // --- answers -----------------------------------------------------------------------------------

  #ready(response: ServerResponse, isVerbose: boolean): void {
    const { state } = this.#context;
    const { wanted, serving } = state.workers();
    const checks = {
      artifact: "ok",
      workers: `${serving}/${wanted}`,
      draining: state.isDraining ? "yes" : "no",
    };
    answerJson(response, state.isReady ? 200 : 503, {
      status: state.isReady ? "ready" : "not ready",
      ...(isVerbose ? { checks } : {}),
    });
  }

  #stats({ response }: Call): void {
    answerJson(response, 200, statsOf(this.#context.state, new Date()));
  }

  async #metrics({ request, response }: Call): Promise<void> {
    const { state, observation } = this.#context;
    if (!state.served.settings.metricsEnabled)
      return answerError(response, 503, "metrics are turned off: global.metrics.enabled");
    response.writeHead(200, { ...COMMON, "Content-Type": "text/plain; version=0.0.4" });
    if (request.method === "HEAD") return void response.end();
    const closed = once(response, "close");
    for await (const piece of observation.page.pieces()) {
      if (response.destroyed) return;
      if (!response.write(piece)) await Promise.race([once(response, "drain"), closed]);
    }
    response.end();
  }

  #artifact({ request, response, query }: Call): void {
    const { loaded, generation, since } = this.#context.state.served;
    const { digest, revision } = loaded.view;
    const etag = { ETag: `"${digest}"` };
    if (request.headers["if-none-match"] === etag.ETag) {
      response.writeHead(304, { ...COMMON, ...etag }).end();
    } else if (query.get("format") === "binary") {
      const type = { "Content-Type": "application/octet-stream" };
      // A copy: what is sent must not lie in memory that threads share.
      answerBytes(response, 200, Buffer.from(loaded.bytes), { ...type, ...etag });
    } else if (query.has("format")) {
      answerError(response, 400, "the format is binary, or left out");
    } else {
      const body = { digest, commit: revision, generation, since: since.toISOString() };
      answerJson(response, 200, { ...body, format_version: FORMAT_VERSION }, etag);
    }
  }

  #backends({ response }: Call): void {
    answerJson(response, 200, this.#context.backends.list());
  }

  #drain({ response, actor, asker }: Call, id: string, isDraining: boolean): void {
    const { backends, log } = this.#context;
    const backend = backends.setDraining(decoded(id), isDraining);
    if (backend === undefined) return answerError(response, 404, "backend not found");
    const message = isDraining ? "Backend is drained by an operator" : "Backend is back in use";
    log.write("info", "admin", message, { backend_id: backend.id, actor, client: asker.peer });
    answerJson(response, 200, backend);
  }

  #events({ request, response }: Call): void {
    const lastId = request.headers["last-event-id"];
    if (request.method === "HEAD") {
      response.writeHead(200, { ...COMMON, "Content-Type": "text/event-stream" }).end();
      return;
    }
    if (!this.#context.events.listen(response, typeof lastId === "string" ? lastId : undefined))
      answerError(response, 503, "too many listen already", { "Retry-After": "10" });
  }

  async #reload({ response, actor, asker }: Call): Promise<void> {
    const { log, reloader } = this.#context;
    log.write("debug", "admin", "Reload was asked for", { actor, client: asker.peer });
    answerJson(response, 200, await reloader.reload());
  }

  // --- what the writer of the tree knows ---------------------------------------------------------

  async #write(call: Call): Promise<void> {
    const { request, response, path, method, actor, asker } = call;
    const writer = this.#context.writer();
    const isRead = method === "GET" && path.startsWith("/balto/services");
    const readHere = (): void => void this.#readService(call);
    if (isRead && writer?.kind !== "socket") return this.#readService(call);
    if (writer === undefined) return readOnly(response, path);
    await relay(writer, {
      request,
      response,
      actor,
      peer: asker.peer,
      requestId: requestIdOf(request),
      otherwise: isRead ? readHere : undefined,
    });
  }

  async #readService({ response, path }: Call): Promise<void> {
    const { times, state } = this.#context;
    await times.settled();
    const { view } = state.served.loaded;
    const list = "/balto/services";
    if (path === list) return answerJson(response, 200, listServices(view, times));
    const service = findService(view, decoded(path.slice(list.length + 1)), times);
    if (service === undefined) return answerError(response, 404, "service not found");
    answerJson(response, 200, service);
  }
}

/** `/balto/backends/<id>/drain`. */
const STATE = /^\/balto\/backends\/([^/]+)\/(drain|undrain)$/;

/** What the process answers that writes the tree. */
function isWriters(path: string): boolean {
  return /^\/balto\/(?:services(?:\/[^/]+)?|check|explain|openapi\.json)$/.test(path);
}

function readOnly(response: ServerResponse, path: string): void {
  const isService = path.startsWith("/balto/services");
  const error =
    "this data plane does not write: start it with `balto run`, which does, or name the one that " +
    "does in admin.writer_url";
  answerError(response, 405, error, { Allow: isService ? "GET, HEAD" : "" });
}

function preflight(response: ServerResponse, isAllowed: boolean): void {
  response.writeHead(204, {
    ...COMMON,
    Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    ...(isAllowed
      ? {
          "Access-Control-Allow-Methods": "GET, HEAD",
          "Access-Control-Allow-Headers": "Authorization, If-None-Match",
          "Access-Control-Max-Age": "600",
        }
      : {}),
  });
  response.end();
}

/** An id as it was written in a path; what cannot be decoded stands for itself. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** A worker has given the request one; on other ways it gets one here. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && given !== "" ? given : randomBytes(16).toString("hex");
}
