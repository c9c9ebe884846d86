/**
 * Line ring: a worker's lines on their way to the main thread, in shared memory. One writes and one
 * reads, so nobody waits for anybody: what does not fit is dropped and counted, and lines of a worker
 * that dies are still there.
 *
 * Two counters run on for ever, modulo 2^32: bytes written and bytes read. The bytes between them are
 * whole lines.
 */

/** A power of two, so that the counters' wrap is the ring's. */
const RING_BYTES = 512 * 1024;
const HEADER_BYTES = 16;
const WRITTEN = 0;
const READ = 1;
const DROPPED = 2;
/** The reader has been called and has not come yet. */
const CALLED = 3;

/** Memory for a ring. Pages of it that nothing is written to take no room. */
export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + RING_BYTES);
}

/** The worker's end. */
export class LineWriter {
  readonly #counters: Int32Array;
  readonly #bytes: Buffer;
  readonly #call: () => void;

  /** @param call is called when so much is waiting that the reader should come */
  constructor(memory: SharedArrayBuffer, call: () => void) {
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.#bytes = Buffer.from(memory, HEADER_BYTES);
    this.#call = call;
  }

  /** Writes the first bytes of `line`, its end included; false where they were dropped. */
  write(line: Uint8Array, length = line.length): boolean {
    const counters = this.#counters;
    const written = counters[WRITTEN]!;
    const used = (written - Atomics.load(counters, READ)) >>> 0;
    if (used + length > RING_BYTES) {
      Atomics.add(counters, DROPPED, 1);
      return false;
    }
    const at = written & (RING_BYTES - 1);
    const fits = Math.min(length, RING_BYTES - at);
    this.#bytes.set(line.subarray(0, fits), at);
    if (fits < length) this.#bytes.set(line.subarray(fits, length), 0);
    Atomics.store(counters, WRITTEN, (written + length) | 0);
    if (used + length > RING_BYTES / 4 && Atomics.exchange(counters, CALLED, 1) === 0) this.#call();
    return true;
  }
}

/** The main thread's end. */
export class LineReader {
  readonly #counters: Int32Array;
  readonly #bytes: Buffer;
  #taken = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.#bytes = Buffer.from(memory, HEADER_BYTES);
  }

  /** Lines that found no room. */
  get dropped(): number {
    return Atomics.load(this.#counters, DROPPED) >>> 0;
  }

  /**
   * All lines that wait, as they lie in the ring where they do in one piece; undefined where there are none.
   * They wait no more, and their place is free again, after `release`.
   */
  take(): Buffer | undefined {
    const counters = this.#counters;
    Atomics.store(counters, CALLED, 0);
    const read = counters[READ]!;
    const length = (Atomics.load(counters, WRITTEN) - read) >>> 0;
    this.#taken = length;
    if (length === 0) return undefined;
    const from = read & (RING_BYTES - 1);
    const first = this.#bytes.subarray(from, Math.min(from + length, RING_BYTES));
    if (first.length === length) return first;
    return Buffer.concat([first, this.#bytes.subarray(0, length - first.length)], length);
  }

  /** What was taken last has been written. */
  release(): void {
    Atomics.add(this.#counters, READ, this.#taken);
    this.#taken = 0;
  }
}
