// Writer: the process behind `balto control`, on a Unix socket of its own, and requests to it.

import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import type { ServiceResource } from "../../control/service/service-resource.ts";
import { type Exit, startChild } from "./children.ts";
import { PATIENCE_MS, until, within } from "./until.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/balto.js", import.meta.url));

/** A line of its log. */
export interface WriterLine {
  level: string;
  module: string;
  message: string;
  [field: string]: unknown;
}

export interface WriterOptions {
  /** Default: a file beside the socket. "" publishes nothing. */
  artifact?: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** In front of the command: `["unshare", "-m"]`. */
  prefix?: readonly string[];
}

/** An answer of the API. */
export interface ApiAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was answered, for the test to look at
  json: any;
  etag: string | undefined;
}

export interface ApiQuestion {
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, a text as it is. */
  body?: unknown;
  withinMs?: number;
}

/** Where an API answers. */
export type ApiPlace = { socketPath: string } | { host: string; port: number };

/** Asks on a connection of its own: `ask(place, "GET /balto/services")`. */
export async function askApi(
  place: ApiPlace,
  line: string,
  { headers = {}, body, withinMs = PATIENCE_MS }: ApiQuestion = {},
): Promise<ApiAnswer> {
  const [method = "", path = ""] = line.split(" ");
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const type = payload === undefined ? {} : { "content-type": "application/json" };
  const answered = new Promise<ApiAnswer>((resolve, reject) => {
    const options = { ...place, method, path, agent: false, headers: { ...type, ...headers } };
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson && text !== "" ? JSON.parse(text) : undefined,
          etag: response.headers.etag,
        });
      });
    });
    asked.on("error", reject);
    // Bytes: together with a text Node would send the fields as UTF-8, too.
    asked.end(payload === undefined ? undefined : Buffer.from(payload));
  });
  return within(`the answer to ${line}`, answered, withinMs);
}

export class Writer {
  readonly socketPath: string;
  readonly artifact: string;
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly log: WriterLine[] = [];
  stderr = "";
  hasExited = false;

  constructor(child: ChildProcess, exit: Promise<Exit>, socketPath: string, artifact: string) {
    this.child = child;
    this.exit = exit;
    this.socketPath = socketPath;
    this.artifact = artifact;
    void exit.then(() => (this.hasExited = true));
    let rest = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.log.push(JSON.parse(line) as WriterLine);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  /** Starts one for a tree, and waits until it listens. */
  static async over(tree: string, options: WriterOptions = {}): Promise<Writer> {
    return Writer.launch(tree, options).listens();
  }

  static launch(tree: string, options: WriterOptions = {}): Writer {
    const folder = mkdtempSync(join(tmpdir(), "balto-writer-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, "control.sock");
    const artifact = options.artifact ?? join(folder, "balto.artifact");
    const [command = "", ...words] = [
      ...(options.prefix ?? []),
      process.execPath,
      LAUNCHER,
      "control",
      tree,
      `--listen=unix:${socketPath}`,
      ...(artifact === "" ? [] : [`--artifact=${artifact}`]),
      "--parent-pipe",
      ...(options.args ?? []),
    ];
    const { PATH = "", HOME = "" } = process.env;
    const { child, exit } = startChild(command, words, {
      env: { PATH, HOME, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    return new Writer(child, exit, socketPath, artifact);
  }

  async listens(): Promise<this> {
    const isListening = (): boolean => this.log.some(({ message }) => message === "Listening");
    await until("the writer listens", () => isListening() || this.hasExited);
    if (!isListening()) throw new Error(`the writer has ended:\n${this.report()}`);
    return this;
  }

  ask(line: string, question: ApiQuestion = {}): Promise<ApiAnswer> {
    return askApi({ socketPath: this.socketPath }, line, question);
  }

  /** The service of an id, by which the API shows it. */
  async service(id: string): Promise<ServiceResource & { etag: string }> {
    const { json, etag } = await this.ask(`GET /balto/services/${encodeURIComponent(id)}`);
    return { ...(json as ServiceResource), etag: etag ?? "" };
  }

  /** Lines about writes. */
  get audit(): WriterLine[] {
    return this.log.filter(({ module }) => module === "audit");
  }

  async end(): Promise<Exit> {
    this.child.kill("SIGTERM");
    return within(`the end of the writer\n${this.report()}`, this.exit);
  }

  report(): string {
    return [...this.log.map((line) => JSON.stringify(line)), this.stderr].join("\n");
  }
}
