/**
 * Observation: the main thread's side of what is noted of the traffic. It hands each worker the memory
 * to count in, adds up, writes the access log, sends spans, and forgets what has gone.
 */
import type { Settings } from "../../artifact/model.ts";
import type { View } from "../../artifact/view.ts";
import { AccessLogWriter } from "../access-log/access-log-writer.ts";
import { LineSink } from "../line-sink.ts";
import type { Log } from "../log.ts";
import { THREAD } from "../metrics/cells.ts";
import { Directory, type Forgotten } from "../metrics/directory.ts";
import { MAIN_THREAD } from "../metrics/hot-families.ts";
import { liveNames } from "../metrics/live-names.ts";
import { MetricsPage } from "../metrics/metrics-page.ts";
import { Recorder } from "../metrics/recorder.ts";
import { reason } from "../reason.ts";
import type { FromObserver, ObservationStart, ToObserver } from "./messages.ts";
import { type References, resolve } from "../references.ts";
import { Tracing } from "../tracing/tracing.ts";

const LAG_TICK_MS = 100;

/** What is in force, of all that observation depends on. */
export interface Observed {
  view: View;
  settings: Settings;
  references: References;
}

export class Observation {
  readonly directory: Directory = new Directory();
  readonly page: MetricsPage = new MetricsPage(this.directory);
  /** What the main thread itself counts: probes, for example. */
  readonly main: Recorder;
  readonly #log: Log;
  readonly #lines: AccessLogWriter;
  readonly #tracing: Tracing;
  #sink: LineSink | undefined;

  constructor(log: Log) {
    this.#log = log;
    this.#lines = new AccessLogWriter((path) => this.#sinkOf(path));
    this.#tracing = new Tracing(log);
    this.main = new Recorder(this.directory.open(MAIN_THREAD), (message) =>
      this.directory.receive(MAIN_THREAD, message),
    );
    this.#registerFamilies();
    this.#watchLag();
  }

  /** A worker is about to start, in the place of one that has died or as the first one there. */
  start(worker: number): ObservationStart {
    return { metrics: this.directory.open(String(worker)), lines: this.#lines.ring(worker) };
  }

  /** A worker has ended. */
  end(worker: number): void {
    this.directory.close(String(worker));
    this.#lines.fetch();
  }

  /** @returns what the observer is told in turn */
  receive(worker: number, message: FromObserver): ToObserver | undefined {
    if (message.type === "lines") this.#lines.fetch();
    else if (message.type === "spans") {
      this.#tracing.add(message.spans);
      return { type: "spans-taken" };
    } else this.directory.receive(String(worker), message);
    return undefined;
  }

  /**
   * These settings are in force in all workers.
   *
   * @returns rows that nobody needs any more, for the workers that have them
   */
  serve({
    view,
    settings,
    references,
  }: Observed): { worker: number; places: Forgotten["places"] }[] {
    const of = (text: string): string => resolve(text, references);
    this.#log.setPath(of(settings.logPath));
    this.#lines.set(settings.accessLog, of(settings.accessLog.path));
    this.#tracing.set(settings.tracing, of(settings.tracing.endpoint));
    const names = liveNames(view, references, this.directory);
    const forgotten = this.directory.prune((entry) => names.has(entry));
    for (const { writer, places } of forgotten)
      if (writer === MAIN_THREAD) this.main.forget(places);
    return forgotten
      .filter(({ writer }) => writer !== MAIN_THREAD)
      .map(({ writer, places }) => ({ worker: Number(writer), places }));
  }

  /** Log files were moved away. */
  reopen(): void {
    this.#log.reopen();
    this.#sink?.reopen();
  }

  /** The last lines and spans. */
  async finish(): Promise<void> {
    this.#lines.finish();
    // A fault in the one is no reason to lose the other, or to stay.
    await Promise.allSettled([this.#sink?.finish(), this.#tracing.finish()]);
  }

  /** One sink for a path, whoever writes there. */
  #sinkOf(path: string): LineSink | undefined {
    if (path === this.#log.sink.path) {
      void this.#sink?.finish();
      this.#sink = undefined;
      return this.#log.sink;
    }
    if (this.#sink?.path === path) return this.#sink;
    const before = this.#sink;
    try {
      this.#sink = new LineSink(path);
    } catch (error) {
      this.#log.write("error", "access", "Access log cannot be written there", {
        path,
        error: reason(error),
      });
      return before;
    }
    void before?.finish();
    return this.#sink;
  }

  /** How late this thread is to do what is due. */
  #watchLag(): void {
    let last = performance.now();
    const look = (): void => {
      const now = performance.now();
      this.main.thread.lagged(Math.max(now - last - LAG_TICK_MS, 0));
      last = now;
    };
    setInterval(look, LAG_TICK_MS).unref();
  }

  #registerFamilies(): void {
    const counter = (name: string, help: string, value: () => number): void =>
      this.page.register({
        name,
        help,
        type: "counter",
        labels: [],
        collect: (sample) => sample([], value()),
      });
    counter(
      "balto_access_log_dropped_total",
      "Lines of the access log that were dropped because nobody took them.",
      () => this.#lines.dropped,
    );
    counter(
      "balto_log_dropped_total",
      "Lines of the log of events that were dropped because nobody took them.",
      () => this.#log.dropped,
    );
    counter(
      "balto_spans_dropped_total",
      "Spans that were dropped because the collector did not take them.",
      () => this.#tracing.dropped + this.directory.total(THREAD.spansDropped),
    );
    counter(
      "balto_spans_sent_total",
      "Spans that the collector has taken.",
      () => this.#tracing.sent,
    );
  }
}
