/** Asks a Balto that runs, over its REST API, and turns what can go wrong into a message. */
import { Client } from "undici";

import type { JsonDiagnostic } from "../compiler/report/json.ts";
import { findToken } from "../control/token.ts";
import { apiAddress, type ApiAddress } from "./api-address.ts";
import type { Flags } from "./command.ts";
import { Failure, reason } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export const API_FLAGS = {
  url: {
    type: "string",
    value: "URL",
    summary: "The Balto to ask (default: BALTO_URL, else where the tree here is served)",
  },
} as const satisfies Flags;

export interface ApiQuestion {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  fields?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  status: number;
  field: (name: string) => string | undefined;
  bytes: Uint8Array;
  text: string;
  /** undefined where the body is no JSON. */
  json: unknown;
}

/** Longer than a write takes at most. */
const ANSWER_MS_MAX = 45_000;
const CONNECT_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

export class ApiClient {
  readonly address: ApiAddress;
  readonly #token: string | undefined;
  readonly #tokenFile: string | undefined;
  readonly #client: Client;

  /** @throws UsageError */
  constructor(url: string | undefined, { env }: Terminal) {
    this.address = apiAddress(url, env);
    const { token, file } = findToken(env);
    this.#token = token;
    this.#tokenFile = file;
    const options: Client.Options = {
      headersTimeout: ANSWER_MS_MAX,
      bodyTimeout: ANSWER_MS_MAX,
      maxResponseSize: ANSWER_BYTES_MAX,
      connect: {
        timeout: CONNECT_MS_MAX,
        rejectUnauthorized: !(this.address.kind === "url" && this.address.isLocal),
      },
    };
    this.#client =
      this.address.kind === "socket"
        ? new Client("http://localhost", { ...options, socketPath: this.address.path })
        : new Client(this.address.origin, options);
  }

  /** What is answered, whatever it is. @throws Failure where nothing answers */
  async ask({ method = "GET", path, body, fields }: ApiQuestion): Promise<ApiAnswer> {
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await this.#client.request({
        method,
        path,
        headers: {
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...fields,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const bytes = await answer.bytes();
      const text = new TextDecoder().decode(bytes);
      const field = (name: string): string | undefined => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(", ") : value;
      };
      return { status: statusCode, field, bytes, text, json: jsonOf(text) };
    } catch (error) {
      throw this.#silent(error);
    }
  }

  /** What is answered with 2xx. @throws Failure for everything else, with what was said */
  async expect(question: ApiQuestion): Promise<ApiAnswer> {
    return this.accept(question, await this.ask(question));
  }

  /** An answer to a question where it is 2xx. @throws Failure for everything else, with what was said */
  accept(question: ApiQuestion, answer: ApiAnswer): ApiAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw this.#refused(question, answer);
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  #silent(error: unknown): Failure {
    const { text } = this.address;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ECONNREFUSED" || code === "ENOENT") {
      return new Failure(
        `no Balto listens at ${text}`,
        "start one with `balto run`, or say where it is: --url URL or BALTO_URL",
      );
    }
    if (code === "EACCES") return new Failure(`${text} may not be opened by this user`);
    return new Failure(`${text} cannot be asked: ${reason(error)}`);
  }

  #refused({ method = "GET", path }: ApiQuestion, { status, json, text }: ApiAnswer): Failure {
    const where = this.address.text;
    if (status === 401) {
      const help =
        this.#token === undefined
          ? `set BALTO_ADMIN_TOKEN; there is none in ${this.#tokenFile ?? "the environment"}`
          : `the token of ${this.#tokenFile ?? "BALTO_ADMIN_TOKEN"} is not the one of that Balto`;
      return new Failure(`${where} wants a token`, help);
    }
    const said = errorOf(json);
    if (said === undefined) {
      const [line = ""] = text.split("\n", 1);
      const what = status === 404 ? "it is no Balto, or one without its API" : line.slice(0, 200);
      return new Failure(`${where} answered ${status} to ${method} ${path}: ${what}`);
    }
    return new Failure(said.error, said.diagnostics.map(diagnosticLine).join("\n  "));
  }
}

function diagnosticLine({ file, start, severity, code, message, help }: JsonDiagnostic): string {
  const more = help === "" ? "" : ` (${help})`;
  return `${file}:${start.line}:${start.column} ${severity} ${code}: ${message}${more}`;
}

function errorOf(json: unknown): { error: string; diagnostics: JsonDiagnostic[] } | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { error, diagnostics } = json as { error?: unknown; diagnostics?: unknown };
  if (typeof error !== "string") return undefined;
  return {
    error,
    diagnostics: Array.isArray(diagnostics) ? (diagnostics as JsonDiagnostic[]) : [],
  };
}

/** undefined where it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
