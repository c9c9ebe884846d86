/**
 * Watchdog: finds workers that hang, in a loop without an end for example. Each counts on in memory that all
 * threads share, as long as it gets round to its timers; the main thread looks whether it does.
 */

/** How often a worker counts, and how often it is looked at. Milliseconds. */
const INTERVAL_MS = 1_000;
/** A worker that has not counted for so many looks hangs. What stops the whole process stops the looks, too. */
const LOOKS_MAX = 10;

/** How long a worker has done nothing before it is said to hang. Milliseconds. */
export const HANGS_AFTER_MS: number = INTERVAL_MS * LOOKS_MAX;

/** Memory for the counts of so many workers. */
export function createBeats(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * Int32Array.BYTES_PER_ELEMENT);
}

/** A worker's side: counts as long as it lives. */
export function beat(memory: SharedArrayBuffer, worker: number): void {
  const beats = new Int32Array(memory);
  setInterval(() => Atomics.add(beats, worker, 1), INTERVAL_MS).unref();
}

export class Watchdog {
  readonly #beats: Int32Array;
  readonly #onHang: (worker: number) => void;
  /** By worker: what it had counted when it was looked at last, and looks since then. */
  readonly #watched = new Map<number, { beat: number; looks: number }>();
  #timer: NodeJS.Timeout | undefined;

  /** @param onHang is told once of a worker that hangs */
  constructor(memory: SharedArrayBuffer, onHang: (worker: number) => void) {
    this.#beats = new Int32Array(memory);
    this.#onHang = onHang;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  /** A worker has begun, or begins to be looked at anew. */
  watch(worker: number): void {
    this.#watched.set(worker, { beat: Atomics.load(this.#beats, worker), looks: 0 });
  }

  /** It has ended. */
  forget(worker: number): void {
    this.#watched.delete(worker);
  }

  /** Looks at all of them once. */
  look(): void {
    for (const [worker, watched] of this.#watched) {
      const beat = Atomics.load(this.#beats, worker);
      watched.looks = beat === watched.beat ? watched.looks + 1 : 0;
      watched.beat = beat;
      if (watched.looks < LOOKS_MAX) continue;
      this.#watched.delete(worker);
      this.#onHang(worker);
    }
  }
}
