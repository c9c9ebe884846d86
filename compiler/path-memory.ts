/**
 * Path memory: what was found at the paths of a tree, until something is written there. A file that is as it
 * was is not read again, a folder that nothing was put into or taken out of is not listed again.
 */

/**
 * What was written so shortly before it was looked at may be written again and look the same: file systems
 * count time in steps, of two seconds at most.
 */
const SETTLING_MS = 2_500;

/** What `stat` says of a file or a folder. */
interface Stats {
  dev: number;
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

interface Found<T> {
  /** What every change of a file, or of what is in a folder, changes. */
  identity: string;
  value: T;
}

export class PathMemory<T> {
  readonly #now: () => number;
  #nowMs: number;
  #before: ReadonlyMap<string, Found<T>> = new Map();
  #found = new Map<string, Found<T>>();

  /** @param now milliseconds of the clock that file systems go by */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#nowMs = now();
  }

  /** A walk begins: paths that the one before has not met are forgotten. */
  begin(): void {
    this.#nowMs = this.#now();
    this.#before = this.#found;
    this.#found = new Map();
  }

  /**
   * What was found at a path, if nothing was written since.
   *
   * @param stats of what lies there now
   */
  recall(path: string, stats: Stats): T | undefined {
    const found = this.#before.get(path);
    if (found?.identity !== identityOf(stats)) return undefined;
    this.#found.set(path, found);
    return found.value;
  }

  /**
   * Remembers what was found, unless it could be written again unnoticed.
   *
   * @param stats of the path, from before it was read
   */
  remember(path: string, stats: Stats, value: T): void {
    if (isSettled(stats, this.#nowMs))
      this.#found.set(path, { identity: identityOf(stats), value });
  }
}

/** A text that every change of a file, or of what is in a folder, changes. */
export function identityOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** True where whatever is written from `nowMs` on can be told from what there is. */
function isSettled({ mtimeMs, ctimeMs }: Stats, nowMs: number): boolean {
  return Math.max(mtimeMs, ctimeMs) < nowMs - SETTLING_MS;
}
