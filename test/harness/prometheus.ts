// Prometheus: a real one, that scrapes what a test has started, and answers queries.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { temporaryFolder } from "./artifact.ts";
import { startChild } from "./children.ts";
import { freePort } from "./free-port.ts";
import { untilAsync } from "./until.ts";

const PROGRAM = "/usr/bin/prometheus";

export const hasPrometheus: boolean = existsSync(PROGRAM);

export class Prometheus {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** The value of an expression that has one; undefined where it has none (yet). */
  async value(expression: string): Promise<number | undefined> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(url).catch(() => undefined);
    // It answers 503 until it has started.
    if (response === undefined || response.status === 503) return undefined;
    const { status, data, error } = (await response.json()) as {
      status: string;
      error?: string;
      data?: { result: { value: [number, string] }[] };
    };
    if (status !== "success") throw new Error(`${expression}: ${error}`);
    const [first] = data!.result;
    return first === undefined ? undefined : Number(first.value[1]);
  }
}

/** Starts one that scrapes a target every 200 ms, as `scrape` says beside that. */
export async function startPrometheus(
  target: string,
  scrape: Readonly<Record<string, unknown>> = {},
): Promise<Prometheus> {
  const folder = temporaryFolder();
  const port = await freePort();
  const job = {
    job_name: "balto",
    metrics_path: "/balto/metrics",
    scrape_interval: "200ms",
    scrape_timeout: "200ms",
    static_configs: [{ targets: [target] }],
    ...scrape,
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify({ scrape_configs: [job] }));
  startChild(
    PROGRAM,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const prometheus = new Prometheus(port);
  await untilAsync(
    "Prometheus has scraped",
    async () => (await prometheus.value('up{job="balto"}')) !== undefined,
    30_000,
  );
  return prometheus;
}
