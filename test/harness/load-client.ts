// Load client: asks and asks and never asks twice. Whatever does not come back whole is lost, and is
// counted; so is every connection that is closed on it.

import { type Answer, Client, requestBytes } from "./client.ts";
import { sleep } from "./until.ts";

/** A request of the load. */
export interface LoadRequest {
  line: string;
  fields?: readonly string[];
  body?: string | Uint8Array;
}

export interface LoadOptions {
  port: number;
  /** Connections with one request behind the other. */
  keepAlive: number;
  /** Loops that open a connection for each request. */
  perRequest: number;
  /** Connections that are kept and mostly wait. */
  idle: number;
  /** The request number `n`, over all connections. */
  request(n: number): LoadRequest;
  /** Names the generation that an answer is wholly from; throws where there is no such one. */
  generationOf(answer: Answer, request: LoadRequest, n: number): string;
}

/** What has happened. */
export interface LoadReport {
  answered: { keepAlive: number; perRequest: number; idle: number };
  /** Requests without a whole and right answer, a line for each. */
  lost: string[];
  /** Kept connections that were closed, or announced to be. */
  closed: string[];
  /** Answers by generation. */
  generations: Map<string, number>;
}

/** Between two requests on a connection that mostly waits. */
const IDLE_MS = 300;

export class Load {
  readonly report: LoadReport = {
    answered: { keepAlive: 0, perRequest: 0, idle: 0 },
    lost: [],
    closed: [],
    generations: new Map(),
  };
  readonly #options: LoadOptions;
  readonly #loops: Promise<void>[];
  #isStopping = false;
  #count = 0;

  /** Begins at once. */
  constructor(options: LoadOptions) {
    this.#options = options;
    const times = (count: number, loop: () => Promise<void>) =>
      Array.from({ length: count }, () => loop());
    this.#loops = [
      ...times(options.keepAlive, () => this.#keepAlive("keepAlive")),
      ...times(options.idle, () => this.#keepAlive("idle")),
      ...times(options.perRequest, () => this.#perRequest()),
    ];
  }

  /** Ends behind the requests that are under way. */
  async stop(): Promise<LoadReport> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
    return this.report;
  }

  async #keepAlive(kind: "keepAlive" | "idle"): Promise<void> {
    let client: Client | undefined;
    while (!this.#isStopping) {
      if (client?.ending !== undefined) {
        this.report.closed.push(`a waiting connection: ${client.ending}`);
        client.close();
        client = undefined;
      }
      const n = this.#count++;
      const request = this.#options.request(n);
      try {
        client ??= await Client.to(this.#options.port);
        const goesOn = await this.#exchange(client, request, n);
        this.report.answered[kind]++;
        if (!goesOn) {
          client.close();
          client = undefined;
        }
      } catch (error) {
        this.#lost(request, error);
        client?.close();
        client = undefined;
      }
      if (kind === "idle") await sleep(IDLE_MS);
    }
    if (client?.ending !== undefined) this.report.closed.push(`at the end: ${client.ending}`);
    client?.close();
  }

  /** False where the answer announces the connection's end: it must not be used again. */
  async #exchange(client: Client, request: LoadRequest, n: number): Promise<boolean> {
    const answer = await client.ask(request.line, request.fields, request.body);
    this.#saw(this.#options.generationOf(answer, request, n));
    const connection = answer.field("connection");
    if (connection === undefined) return true;
    this.report.closed.push(`announced: Connection: ${connection}`);
    return false;
  }

  async #perRequest(): Promise<void> {
    while (!this.#isStopping) {
      const n = this.#count++;
      const request = this.#options.request(n);
      // Every other one is closed by the client, without a word in the request.
      const says = n % 2 === 0;
      const fields = [...(request.fields ?? []), ...(says ? ["Connection: close"] : [])];
      try {
        const client = await Client.to(this.#options.port);
        await client.send(requestBytes(request.line, fields, request.body));
        const answer = await client.answer({ method: request.line.split(" ", 1)[0]! });
        this.#saw(this.#options.generationOf(answer, request, n));
        if (says) {
          const { bytes, ending } = await client.rest();
          if (bytes.length > 0 || ending !== "fin") throw new Error(`${ending} behind the answer`);
        }
        client.close();
        this.report.answered.perRequest++;
      } catch (error) {
        this.#lost(request, error);
      }
    }
  }

  #saw(generation: string): void {
    const { generations } = this.report;
    generations.set(generation, (generations.get(generation) ?? 0) + 1);
  }

  #lost(request: LoadRequest, error: unknown): void {
    this.report.lost.push(`${request.line}: ${String(error)}`);
  }
}
