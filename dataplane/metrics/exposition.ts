/**
 * Exposition: metrics in the text format of Prometheus (version 0.0.4), family by family.
 *
 * It is written by hand, in pieces: ten thousand series through a metrics library take the thread a
 * tenth of a second at a stretch.
 */
import { labelText } from "./label-text.ts";

/** A metric that somebody else supplies, read whenever it is asked for. */
export interface Family {
  /** With the prefix `balto_`, the unit, and `_total` where it is a counter. */
  name: string;
  help: string;
  type: "counter" | "gauge";
  /** Names of the labels, in order. */
  labels: readonly string[];
  /** Calls `sample` for each set of labels. */
  collect(sample: (labels: readonly string[], value: number) => void): void;
}

/** The same of a histogram. */
export interface HistogramFamily {
  name: string;
  help: string;
  type: "histogram";
  labels: readonly string[];
  bounds: readonly Bound[];
  /** Calls `sample` for each set of labels, with cells as `Exposition.histogram` takes them. */
  collect(sample: (labels: readonly string[], cells: Float64Array) => void): void;
}

/** Characters of one piece. */
const PIECE_LENGTH = 32 * 1024;

export class Exposition {
  #text = "";

  /** There is enough for a piece. */
  get isFull(): boolean {
    return this.#text.length >= PIECE_LENGTH;
  }

  /** What has been written since the last call. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  head(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  }

  /** @param labels `name="value",…`, or "" */
  sample(name: string, labels: string, value: number): void {
    this.#text += labels === "" ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
  }

  /** @param cells one for each bound, one for what is beyond, and the sum */
  histogram(name: string, labels: string, bounds: readonly Bound[], cells: Float64Array): void {
    const { length } = bounds;
    const start = labels === "" ? `${name}_bucket{le="` : `${name}_bucket{${labels},le="`;
    let text = "";
    let count = 0;
    for (let i = 0; i < length; i++) {
      count += cells[i]!;
      text += `${start}${bounds[i]!.text}"} ${count}\n`;
    }
    count += cells[length]!;
    const braced = labels === "" ? "" : `{${labels}}`;
    this.#text +=
      text +
      `${start}+Inf"} ${count}\n` +
      `${name}_sum${braced} ${cells[length + 1]!}\n${name}_count${braced} ${count}\n`;
  }

  family(family: Family | HistogramFamily): void {
    const { name, help, type, labels } = family;
    this.head(name, type, help);
    if (family.type === "histogram") {
      const { bounds } = family;
      family.collect((values, cells) =>
        this.histogram(name, labelText(labels, values), bounds, cells),
      );
    } else family.collect((values, value) => this.sample(name, labelText(labels, values), value));
  }

  /** Text of the same format that was written elsewhere. */
  append(text: string): void {
    this.#text += text.endsWith("\n") || text === "" ? text : `${text}\n`;
  }
}

/** The bound of a bucket, as `le` has it. */
interface Bound {
  text: string;
}

/** Bounds as they are written. */
export function boundsOf(bounds: readonly number[]): readonly Bound[] {
  return bounds.map((bound) => ({ text: String(bound) }));
}
