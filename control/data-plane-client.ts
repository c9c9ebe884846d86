/**
 * The writer's side of the data plane: does it serve what was published, and what it alone knows.
 */
import { Client, type Dispatcher } from "undici";

import { SERVED_MS_MAX } from "./limits.ts";
import { Refusal } from "./refusal.ts";

/** `unix:/path` or `http://host:port`, and the token that is asked for there. */
export interface DataPlaneAddress {
  url: string;
  token: string | undefined;
}

/** An answer of the data plane, read whole. */
export interface DataPlaneAnswer {
  status: number;
  fields: Record<string, string>;
  text: string;
}

const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_MS_MAX = 5_000;
const POLL_MS = 20;

export class DataPlaneClient {
  readonly #address: DataPlaneAddress;
  readonly #client: Client;

  constructor(address: DataPlaneAddress) {
    this.#address = address;
    const options: Client.Options = {
      headersTimeout: REQUEST_MS_MAX,
      bodyTimeout: REQUEST_MS_MAX,
      connect: { timeout: REQUEST_MS_MAX },
      maxResponseSize: ANSWER_BYTES_MAX,
    };
    this.#client = address.url.startsWith("unix:")
      ? new Client("http://localhost", { ...options, socketPath: address.url.slice(5) })
      : new Client(new URL(address.url).origin, options);
  }

  /**
   * Waits until the data plane serves an artifact.
   *
   * @throws Refusal 400 where it refuses the artifact, 503 where it does not answer or does not come to it
   */
  async serves(digest: string): Promise<void> {
    const end = performance.now() + SERVED_MS_MAX;
    let why = "it did not load the change in time";
    while (performance.now() < end) {
      try {
        const state = await this.#state();
        if (state.digest === digest) return;
        if (state.result === "refused") {
          throw new Refusal(400, `the data plane refused the change: ${state.error ?? ""}`);
        }
        why = "it did not load the change in time";
      } catch (error) {
        if (error instanceof Refusal) throw error;
        why = `it does not answer (${reasonOf(error)})`;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Refusal(503, `the data plane: ${why}; the change was taken back`, {
      fields: { "Retry-After": "5" },
    });
  }

  /** Asks for something, and gives the answer as it is. */
  async ask(method: Dispatcher.HttpMethod, path: string): Promise<DataPlaneAnswer> {
    const { token } = this.#address;
    const { statusCode, headers, body } = await this.#client.request({
      method,
      path,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const text = await body.text();
    const fields = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value]] : [],
    );
    return { status: statusCode, fields: Object.fromEntries(fields), text };
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  /** Lets it look at the artifact at once; one that cannot be told so is asked what it serves. */
  async #state(): Promise<ServingState> {
    let answer = await this.ask("POST", "/balto/reload");
    if (answer.status === 404 || answer.status === 405) {
      answer = await this.ask("GET", "/balto/artifact");
    }
    if (answer.status !== 200) throw new Error(`it answers ${answer.status}`);
    return JSON.parse(answer.text) as ServingState;
  }
}

interface ServingState {
  digest: string;
  result?: "loaded" | "unchanged" | "refused";
  error?: string;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
