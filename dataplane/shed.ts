/**
 * Shed: what is told of connections that were turned away. Floods of them come at the worst of times,
 * so a line is told at once and the next one after a while, with how many there were.
 */

/** One line in so many milliseconds at most. */
const QUIET_MS = 10_000;

export class Shed {
  readonly #tell: (count: number, total: number) => void;
  #untold = 0;
  #total = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param tell with how many there were since it was told last, and since the start */
  constructor(tell: (count: number, total: number) => void) {
    this.#tell = tell;
  }

  /** All of them since the start. */
  get total(): number {
    return this.#total;
  }

  add(count: number): void {
    this.#untold += count;
    this.#total += count;
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#untold === 0) return;
    this.#tell(this.#untold, this.#total);
    this.#untold = 0;
    this.#timer = setTimeout(() => this.#flush(), QUIET_MS);
    this.#timer.unref();
  }
}
