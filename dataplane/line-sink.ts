/**
 * Line sink: where lines of logs go. Whoever reads them may be slow, stand still or go: what cannot be
 * written at once waits, within a bound, and what does not fit there is dropped and counted. Nobody
 * ever waits for it.
 */
import { setTimeout as sleep } from "node:timers/promises";

import { type LineTarget, openLineTarget } from "./line-target.ts";

/** Bytes that wait. */
const WAITING_BYTES_MAX = 256 * 1024;
/** How soon it is tried again where nothing could be written, and the longest that grows to. */
const RETRY_MS = 20;
const RETRY_MS_MAX = 1_000;
/** The end of the process waits so long for a reader that has stopped. */
const LAST_WORDS_MS = 250;

export class LineSink {
  /** "" is standard output. */
  readonly path: string;
  /** Told when what waited has been written. */
  onIdle: () => void = () => {};
  #target: LineTarget;
  /** To be closed when the write that is under way is done. */
  #before: LineTarget | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isFinished = false;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  #dropped = 0;

  /** @throws Error where the file cannot be opened */
  constructor(path: string) {
    this.path = path;
    this.#target = openLineTarget(path);
  }

  /** Writes that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Nothing waits: there is room for more. */
  get isIdle(): boolean {
    return this.#waitingBytes === 0;
  }

  /** Writes whole lines, which must stay as they are; false where they were dropped. */
  write(lines: Buffer): boolean {
    if (this.#waitingBytes > 0 && this.#waitingBytes + lines.length > WAITING_BYTES_MAX) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(lines);
    this.#waitingBytes += lines.length;
    if (!this.#isWriting && this.#timer === undefined) this.#writeNext();
    return true;
  }

  /** Opens the file anew: it was moved away. What cannot be opened is left as it is. */
  reopen(): void {
    if (this.path === "") return;
    let target: LineTarget;
    try {
      target = openLineTarget(this.path);
    } catch {
      return;
    }
    if (this.#isWriting && this.#before === undefined) this.#before = this.#target;
    else this.#target.close();
    this.#target = target;
  }

  /** Writes what waits, as far as that is possible within a moment, and closes: the last call. */
  async finish(): Promise<void> {
    const end = performance.now() + LAST_WORDS_MS;
    while (this.#waiting.length > 0 && performance.now() < end) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (!this.#isWriting) this.#writeNext();
      if (this.#waiting.length > 0) await sleep(LAST_WORDS_MS / 10);
    }
    clearTimeout(this.#timer);
    this.#isFinished = true;
    if (this.#isWriting) this.#target.cancel();
    else this.#end();
  }

  /** Nothing is being written any more, and nothing waits. */
  #end(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#target.close();
  }

  #writeNext(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0 && !this.#isWriting) {
      const chunk = this.#waiting[0]!;
      let isLater = false;
      let isStuck = false;
      this.#isWriting = true;
      this.#target.write(chunk, (bytes) => {
        this.#isWriting = false;
        if (this.#isFinished) return this.#end();
        isStuck = !this.#wrote(chunk, bytes);
        if (isLater && !isStuck) this.#writeNext();
        if (isLater && this.isIdle) this.onIdle();
        return undefined;
      });
      isLater = true;
      if (isStuck) return;
    }
  }

  /** False where nothing was: it is tried again later. */
  #wrote(chunk: Buffer, bytes: number): boolean {
    this.#before?.close();
    this.#before = undefined;
    if (bytes === 0) {
      this.#timer = setTimeout(() => this.#writeNext(), this.#retryMs).unref();
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      return false;
    }
    this.#retryMs = RETRY_MS;
    this.#waitingBytes -= bytes;
    if (bytes === chunk.length) this.#waiting.shift();
    else this.#waiting[0] = chunk.subarray(bytes);
    return true;
  }
}
