/**
 * Metrics page: everything there is to scrape, in pieces. Between two pieces the main thread does
 * other things; the threads that serve take no part in it.
 */
import { setImmediate as pause } from "node:timers/promises";

import { THREAD } from "./cells.ts";
import type { Directory } from "./directory.ts";
import { Exposition, type Family, type HistogramFamily } from "./exposition.ts";
import { dropsOf, writeHotFamilies } from "./hot-families.ts";
import { ProcessMetrics } from "./process-metrics.ts";

export class MetricsPage {
  readonly #directory: Directory;
  readonly #families: (Family | HistogramFamily)[];
  readonly #process = new ProcessMetrics();

  constructor(directory: Directory) {
    this.#directory = directory;
    this.#families = [
      {
        name: "balto_series",
        help: "Sets of labels that are counted.",
        type: "gauge",
        labels: [],
        collect: (sample) => sample([], directory.size),
      },
      {
        name: "balto_unrecorded_total",
        help: "Numbers that were lost because there were too many sets of labels.",
        type: "counter",
        labels: [],
        collect: (sample) => sample([], directory.total(THREAD.unrecorded)),
      },
    ];
  }

  /** From now on this one stands on the page, too. */
  register(family: Family | HistogramFamily): void {
    this.#families.push(family);
  }

  /** The whole page, piece by piece. */
  async *pieces(): AsyncGenerator<string> {
    const exposition = new Exposition();
    for (const _ of writeHotFamilies(this.#directory, exposition)) {
      yield exposition.take();
      await pause();
    }
    for (const family of this.#families) exposition.family(family);
    exposition.append(await this.#process.text());
    yield exposition.take();
  }
}

/** The drops of all threads, together with those that `others` knows of. */
export function dropsFamily(
  directory: Directory,
  others: () => { reason: string; count: number }[],
): Family {
  return {
    name: "balto_drops_total",
    help: "Connections and requests that were turned away or ended from here, by reason.",
    type: "counter",
    labels: ["reason"],
    collect: (sample) => {
      for (const { reason, count } of [...dropsOf(directory), ...others()]) sample([reason], count);
    },
  };
}
