// How llhttp reads a stream of requests: a strict node:http server, on a pipe in memory.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, duplexPair } from "node:stream";

import type { Reading } from "./balto-reading.ts";

/** What llhttp says of a stream. */
export interface LlhttpReading {
  /** Requests that it read whole. */
  requests: Reading[];
  /** Why it gave up; undefined where it did not. */
  refusal: string | undefined;
}

export class LlhttpReader {
  readonly #server: Server;
  #reading: LlhttpReading = { requests: [], refusal: undefined };

  constructor() {
    this.#server = createServer({ insecureHTTPParser: false, requireHostHeader: true });
    // Else what has been read is thrown away when the stream ends.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#record(request, response);
    };
    for (const event of ["request", "checkContinue", "checkExpectation"]) {
      this.#server.on(event, serve);
    }
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      this.#reading.refusal ??= error.code ?? error.message;
      // Requests in front of what is wrong have been read, and are about to say so.
      setImmediate(() => socket.destroy());
    });
    this.#server.requestTimeout = 0;
  }

  /** Reads a whole stream. */
  async read(stream: Buffer): Promise<LlhttpReading> {
    const reading: LlhttpReading = { requests: [], refusal: undefined };
    this.#reading = reading;
    const [ours, theirs] = duplexPair() as [Duplex, Duplex];
    const ended = Promise.race([closed(ours), closed(theirs)]);
    this.#server.emit("connection", theirs);
    ours.on("error", () => undefined).resume();
    ours.end(stream);
    await ended;
    ours.destroy();
    theirs.destroy();
    return reading;
  }

  #record(request: IncomingMessage, response: ServerResponse): void {
    const reading = this.#reading;
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = request.rawHeaders;
      reading.requests.push({
        method: request.method ?? "",
        target: request.url ?? "",
        fields: raw.flatMap((name, i): Reading["fields"] =>
          i % 2 === 0 ? [[name, raw[i + 1]!]] : [],
        ),
        body: Buffer.concat(chunks).toString("latin1"),
      });
      response.end();
    });
  }
}

async function closed(stream: Duplex): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.once("end", resolve);
  });
}
