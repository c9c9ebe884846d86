/**
 * Process metrics: memory, processor time, descriptors and the runtime's own figures, as prom-client
 * collects them. It is loaded when somebody asks for the first time: many never do.
 */
import type { Registry } from "prom-client";

/** What the lint of Prometheus objects to: gauges that are called `_total`. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export class ProcessMetrics {
  #registry: Promise<Registry> | undefined;

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    this.#registry ??= load();
    // Without a descriptor to spare some of it cannot be read, and then all of it is left out.
    return (await this.#registry).metrics().catch(() => "");
  }
}

async function load(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}
