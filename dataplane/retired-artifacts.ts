/**
 * Retired artifacts: artifacts that a thread serves no more lie in shared memory, which V8 does not count as
 * the thread's. A thread with little garbage of its own would keep a dozen large ones before it collects.
 */
/** So many bytes of them are as good as garbage of the thread's own. */
const BYTES_MAX = 64 * 1024 * 1024;
/** The same in the main thread, which also leaves garbage of that size when it verifies, and serves nobody meanwhile. */
export const MAIN_BYTES_MAX: number = 8 * 1024 * 1024;
/** Not in the midst of a reload. */
const DELAY_MS = 1_000;

export class RetiredArtifacts {
  readonly #bytesMax: number;
  readonly #collect: () => void;
  #bytes = 0;

  constructor(bytesMax: number = BYTES_MAX, collect: () => void = collectGarbage) {
    this.#bytesMax = bytesMax;
    this.#collect = collect;
  }

  /** An artifact of so many bytes has been replaced by another. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#bytesMax) return;
    this.#bytes = 0;
    setTimeout(this.#collect, DELAY_MS).unref();
  }
}

/** A whole collection: some 10 to 20 ms for the heap of a worker. */
function collectGarbage(): void {
  collector()();
}

/** The same, and what is free then is the system's: V8 keeps it otherwise. Three times as long. */
export function releaseMemory(): void {
  collector()({ type: "major", flavor: "last-resort" });
}

function collector(): (options?: { type: "major"; flavor: "last-resort" }) => void {
  // Imported at the top, both would take memory in threads that need them for nothing else.
  process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
  return process.getBuiltinModule("node:vm").runInNewContext("gc") as ReturnType<typeof collector>;
}
