/**
 * Tracing: the main thread's side of the traces. The exporter is loaded when there is a collector to
 * send to.
 */
import type { TracingSettings } from "../../artifact/model.ts";
import type { Log } from "../log.ts";
import type { Exporter } from "./exporter.ts";
import type { ExchangeSpan } from "./span.ts";

export class Tracing {
  readonly #log: Log;
  #key = "";
  #loading: Promise<Exporter> | undefined;
  #exporter: Exporter | undefined;
  /** Of exporters that were replaced. */
  #droppedBefore = 0;
  #sentBefore = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get dropped(): number {
    return this.#droppedBefore + (this.#exporter?.dropped ?? 0);
  }

  get sent(): number {
    return this.#sentBefore + (this.#exporter?.sent ?? 0);
  }

  /** @param endpoint with its references resolved; "" sends nothing */
  set({ serviceName }: TracingSettings, endpoint: string): void {
    const key = `${endpoint} ${serviceName}`;
    if (key === this.#key) return;
    this.#key = key;
    void this.finish();
    if (endpoint !== "") this.#loading = this.#load(endpoint, serviceName);
  }

  add(spans: ExchangeSpan[]): void {
    if (this.#exporter !== undefined) this.#exporter.add(spans);
    else void this.#loading?.then((exporter) => exporter.add(spans));
  }

  /** Sends what there is, within a moment, and nothing more after that. */
  async finish(): Promise<void> {
    const loading = this.#loading;
    this.#loading = undefined;
    const exporter = await loading;
    if (exporter === undefined) return;
    await exporter.finish();
    if (this.#exporter === exporter) this.#exporter = undefined;
    this.#droppedBefore += exporter.dropped;
    this.#sentBefore += exporter.sent;
  }

  async #load(endpoint: string, serviceName: string): Promise<Exporter> {
    const { Exporter } = await import("./exporter.ts");
    this.#exporter = new Exporter({ endpoint, serviceName, log: this.#log });
    return this.#exporter;
  }
}
