// Scrape: the metrics of a data plane, read strictly.

import { spawnSync } from "node:child_process";
import { get } from "node:https";
import { text } from "node:stream/consumers";

import { ask } from "./client.ts";

/** Samples of one scrape. */
export class Scrape {
  readonly text: string;
  readonly #samples = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const match = /^([a-z][a-z0-9_]*(?:\{.*\})?) (\S+)$/.exec(line);
      if (match === null) throw new Error(`no sample: ${line}`);
      if (this.#samples.has(match[1]!)) throw new Error(`twice: ${line}`);
      this.#samples.set(match[1]!, Number(match[2]));
    }
  }

  /** Names and labels of all samples of a metric. */
  series(name: string): string[] {
    return [...this.#samples.keys()].filter(
      (series) => series === name || series.startsWith(`${name}{`),
    );
  }

  /** The sum of all samples of a metric whose labels hold all of these. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    return this.series(name)
      .filter((series) => wanted.every((label) => series.includes(label)))
      .reduce((sum, series) => sum + this.#samples.get(series)!, 0);
  }

  /** What the lint of Prometheus says against it; "" is nothing. */
  lint(): string {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input: this.text,
      encoding: "utf8",
    });
    return status === 0 ? "" : `${status}: ${stdout}${stderr}`;
  }
}

/** Scrapes a data plane as Prometheus on this machine would. */
export async function scrape(port: number): Promise<Scrape> {
  const answer = await ask(port, "GET /balto/metrics", ["Host: localhost"]);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return new Scrape(answer.text);
}

/** The same over TLS, whatever the certificate. */
export async function scrapeOverTls(port: number): Promise<Scrape> {
  const options = { host: "127.0.0.1", port, path: "/balto/metrics", agent: false };
  const headers = { Host: "localhost", Connection: "close" };
  return new Promise((resolve, reject) => {
    const request = get({ ...options, headers, rejectUnauthorized: false }, (response) => {
      text(response).then((page) => {
        if (response.statusCode === 200) resolve(new Scrape(page));
        else reject(new Error(`${response.statusCode}: ${page}`));
      }, reject);
    });
    request.setTimeout(5_000, () => request.destroy(new Error("no answer")));
    request.on("error", reject);
  });
}
