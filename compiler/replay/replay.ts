/**
 * Replay: a diff weighed by real traffic. Each request of an access log is put to both artifacts, and the
 * classes of the diff count what falls into them.
 */
import type { Comparison, DiffClass } from "../diff/diff.ts";
import { formatUrl, type Request } from "../explain/request.ts";
import { readLogLine } from "./log-line.ts";

export interface ReplayResult {
  format_version: "1.0";
  /** Requests that were read. */
  requests: number;
  /** Of these, in some class. */
  changed: number;
  /** Classes with requests, the most first; then those without. */
  classes: WeighedClass[];
  /** Lines without a request: how many, and the first few. */
  unreadable: { count: number; examples: { line: number; reason: string }[] };
}

export interface WeighedClass extends Omit<DiffClass, "domains"> {
  requests: number;
  /** The first request of the log that is in it, `GET http://…`; "" where none is. */
  seen: string;
}

/** Unreadable lines that are named. */
const EXAMPLES_MAX = 5;
/** Answers that are remembered; the same requests come again and again. */
const REMEMBERED_MAX = 100_000;

export class Replay {
  requests = 0;
  #changed = 0;
  #lines = 0;
  #unreadable = 0;
  readonly #examples: { line: number; reason: string }[] = [];
  readonly #comparison: Comparison;
  readonly #host: string | undefined;
  readonly #counts = new Map<DiffClass, { requests: number; seen: string }>();
  readonly #remembered = new Map<string, DiffClass | undefined>();

  /** @param host for lines that do not name one */
  constructor(comparison: Comparison, host: string | undefined) {
    this.#comparison = comparison;
    this.#host = host;
  }

  /** Takes one line, without its line end. Empty lines are passed over. */
  add(line: string): void {
    this.#lines++;
    if (line === "") return;
    const request = readLogLine(line, this.#host);
    if (typeof request === "string") {
      this.#unreadable++;
      if (this.#examples.length < EXAMPLES_MAX) {
        this.#examples.push({ line: this.#lines, reason: request });
      }
      return;
    }
    this.requests++;
    const found = this.#classOf(request);
    if (found === undefined) return;
    this.#changed++;
    const count = this.#counts.get(found);
    if (count !== undefined) count.requests++;
    else {
      this.#counts.set(found, { requests: 1, seen: `${request.method} ${formatUrl(request)}` });
    }
  }

  result(): ReplayResult {
    const classes = this.#comparison.diff.classes.map((each): WeighedClass => {
      const { domains: _domains, ...rest } = each;
      const { requests, seen } = this.#counts.get(each) ?? { requests: 0, seen: "" };
      return { ...rest, requests, seen };
    });
    return {
      format_version: "1.0",
      requests: this.requests,
      changed: this.#changed,
      classes: classes.toSorted((a, b) => b.requests - a.requests),
      unreadable: { count: this.#unreadable, examples: this.#examples },
    };
  }

  #classOf(request: Request): DiffClass | undefined {
    const { method, authority, target, fields } = request;
    const key = JSON.stringify([method, authority, target, fields]);
    if (this.#remembered.has(key)) return this.#remembered.get(key);
    const found = this.#comparison.classOf(request);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(key, found);
    return found;
  }
}
