// Requests through a Balto that a test started, and the line by which it says where it listens.

import { request } from "node:http";

import { onTestFinished } from "vitest";

import { startEchoBackend } from "../../examples/echo-backend.ts";
import type { Echo } from "../../examples/echo-backend.ts";
import { until } from "./cli-process.ts";
import type { Started } from "./cli-process.ts";

export interface Ask {
  host: string;
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  text: string;
  /** What an echo backend received, undefined when Balto answered itself. */
  echo: Echo | undefined;
}

/** The data plane's port and process, once it serves. */
export async function serving(started: Started): Promise<{ port: number; pid: number }> {
  const [line] = await started.says(/^\{.*"message":"Serving".*\}$/m, 20_000);
  const { listen, pid } = JSON.parse(line) as { listen: string; pid: number };
  return { port: Number(/\d+$/.exec(listen)?.[0]), pid };
}

/** Asks on a connection of its own. */
export function ask(port: number, { host, path, method, headers, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method: method ?? "GET", agent: false };
    const asked = request({ ...options, headers: { ...headers, host } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const isEcho = response.headers["content-type"] === "application/json";
        const echo = isEcho ? (JSON.parse(text) as Echo) : undefined;
        resolve({ status: response.statusCode ?? 0, text, echo });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Asks until the answer is as wanted. */
export async function askUntil(
  port: number,
  what: Ask,
  wanted: (answer: Answer) => boolean,
): Promise<void> {
  const end = performance.now() + 5000;
  for (;;) {
    const answer = await ask(port, what);
    if (wanted(answer)) return;
    if (performance.now() > end) throw new Error(`still ${answer.status} ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** An echo backend on a free port that goes when the test is over. */
export async function backend(): Promise<number> {
  const echo = await startEchoBackend(0);
  onTestFinished(echo.close);
  return echo.port;
}

/** Resolves when no process has this id any more. */
export async function gone(pid: number): Promise<void> {
  await until(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  }, 15_000);
}
