/**
 * Access log writer: the main thread's side of the access log. It fetches the workers' lines and writes
 * them as fast as they are taken; while they are not, lines wait in the workers' rings, and what finds
 * no room there is dropped and counted.
 */
import type { AccessLogSettings } from "../../artifact/model.ts";
import type { LineSink } from "../line-sink.ts";
import { createRing, LineReader } from "./line-ring.ts";

/** What a worker has not called for is fetched so often. */
const INTERVAL_MS = 100;

export class AccessLogWriter {
  readonly #open: (path: string) => LineSink | undefined;
  readonly #readers: LineReader[] = [];
  /** Of workers that have died. */
  #droppedBefore = 0;
  #sink: LineSink | undefined;
  /** Whose lines are being written, and to where. */
  #underWay: { reader: LineReader; sink: LineSink } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param open gives where lines of a path go, or undefined where that is nowhere */
  constructor(open: (path: string) => LineSink | undefined) {
    this.#open = open;
  }

  /** Memory for the lines of a worker; those of one that was there before are fetched. */
  ring(worker: number): SharedArrayBuffer {
    this.fetch();
    this.#droppedBefore += this.#readers[worker]?.dropped ?? 0;
    const memory = createRing();
    this.#readers[worker] = new LineReader(memory);
    return memory;
  }

  /** Lines that were dropped since the start. */
  get dropped(): number {
    return this.#readers.reduce((sum, { dropped }) => sum + dropped, this.#droppedBefore);
  }

  /** @param path with its references resolved */
  set({ enabled }: AccessLogSettings, path: string): void {
    this.fetch();
    if (!enabled) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#sink = this.#open(path);
    if (this.#sink !== undefined) this.#sink.onIdle = () => this.fetch();
    this.#timer ??= setInterval(() => this.fetch(), INTERVAL_MS).unref();
  }

  /** Fetches what waits, as long as it is taken. */
  fetch(): void {
    const sink = this.#sink;
    for (const reader of this.#readers) {
      if (!this.#settle() || sink === undefined || !sink.isIdle) return;
      const lines = reader.take();
      if (lines === undefined) continue;
      this.#underWay = { reader, sink };
      sink.write(lines);
    }
    this.#settle();
  }

  /** False while what was fetched last is being written from where it lies. */
  #settle(): boolean {
    if (this.#underWay === undefined) return true;
    const { reader, sink } = this.#underWay;
    if (!sink.isIdle) return false;
    reader.release();
    this.#underWay = undefined;
    return true;
  }

  /** The last lines. */
  finish(): void {
    clearInterval(this.#timer);
    this.fetch();
  }
}
