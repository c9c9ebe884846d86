/**
 * Admin HTTP: operators' questions as HTTP requests, through whichever door they come. It is loaded with
 * the first connection, or at the start where there is an address of its own.
 */
import { timingSafeEqual } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { ListenOptions, Socket } from "node:net";

import { plainAddress } from "../connection-counts.ts";
import type { Door } from "./access.ts";
import { type AdminContext, AdminServer } from "./admin-server.ts";
import { type Asker, askerOfChannel, secretOf } from "./channel.ts";

/** More at a time are not served. */
const CONNECTIONS_MAX = 256;

const OPTIONS: ServerOptions = {
  // The head of a request with all that a worker adds.
  maxHeaderSize: 128 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 10_000,
};

/** What it is given. */
export interface AdminHttpOptions {
  /** What workers prove themselves with. */
  secret: string;
  /** What is told; there when the process serves. */
  context: () => Promise<AdminContext>;
  /** Answers so far, by status: counted here. */
  answered: Map<number, number>;
}

export class AdminHttp {
  readonly #options: AdminHttpOptions;
  readonly #channel: Server;
  #server: AdminServer | undefined;

  constructor(options: AdminHttpOptions) {
    this.#options = options;
    const expected = Buffer.from(options.secret);
    this.#channel = createServer(OPTIONS, (request, response) => {
      // Others on this machine can connect there, and are told nothing.
      const given = Buffer.from(secretOf(request));
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        request.socket.destroy();
      else {
        // Questions are rare: a connection that is kept would only hold two descriptors.
        response.shouldKeepAlive = false;
        this.#take("channel", askerOfChannel(request), request, response);
      }
    });
  }

  /** A worker's connection. */
  accept(socket: Socket): void {
    this.#channel.emit("connection", socket);
  }

  /**
   * Listens on an address or a socket.
   *
   * @throws Error where that is not possible
   */
  listen(door: Door, at: ListenOptions): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer(OPTIONS, (request, response) =>
        this.#take(door, door === "address" ? askerOf(request) : LOCAL, request, response),
      );
      server.maxConnections = CONNECTIONS_MAX;
      server.once("error", reject);
      server.listen(at, () => {
        server.removeListener("error", reject).on("error", () => {});
        resolve(server);
      });
    });
  }

  #take(door: Door, asker: Asker, request: IncomingMessage, response: ServerResponse): void {
    const { answered, context } = this.#options;
    response.on("finish", () => {
      const { statusCode } = response;
      answered.set(statusCode, (answered.get(statusCode) ?? 0) + 1);
    });
    void this.#serve(door, asker, request, response).catch(async (error: unknown) => {
      response.destroy();
      const { log } = await context();
      log.write("error", "admin", "Answer failed by a bug", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    });
  }

  async #serve(
    door: Door,
    asker: Asker,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const context = await this.#options.context();
    this.#server ??= new AdminServer(context);
    await this.#server.handle(door, asker, request, response);
    // What nobody wants of the request is read all the same, so that the next one can come.
    if (!request.readableEnded) request.resume();
  }
}

/** On a socket there are no addresses: who can open it is on this machine. */
const LOCAL: Asker = { peer: "", host: "localhost", isTls: false, isRelayed: false };

/** Fields that only a proxy sends. */
const RELAYING = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
];

/** Who asks on an address of its own. */
function askerOf({ headers, socket }: IncomingMessage): Asker {
  return {
    peer: plainAddress(socket.remoteAddress ?? ""),
    host: (headers.host ?? "").replace(/:[0-9]*$/, "").toLowerCase(),
    isTls: false,
    isRelayed: RELAYING.some((name) => headers[name] !== undefined),
  };
}
