/**
 * Folder names: what is in the folders of a tree. A folder that nothing was put into or taken out of since it
 * was listed is not listed again.
 */
import { readdirSync, statSync, type Stats } from "node:fs";

/**
 * What was written so shortly before it was looked at may be written again and look the same: file systems
 * count time in steps, of two seconds at most.
 */
const SETTLING_MS = 2_500;

/** What every change of a file, or of what is in a folder, changes. */
export function identityOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** True where whatever is written from `nowMs` on can be told from what there is. */
export function isSettled({ mtimeMs, ctimeMs }: Stats, nowMs: number): boolean {
  return Math.max(mtimeMs, ctimeMs) < nowMs - SETTLING_MS;
}

interface KnownFolder {
  identity: string;
  names: readonly string[];
}

export class FolderNames {
  readonly #now: () => number;
  #before: ReadonlyMap<string, KnownFolder> = new Map();
  #known = new Map<string, KnownFolder>();

  /** @param now milliseconds of the clock that file systems go by */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A walk begins: folders that the one before has not met are forgotten. */
  begin(): void {
    this.#before = this.#known;
    this.#known = new Map();
  }

  /**
   * The names in a folder, sorted.
   *
   * @param stats of the folder, from just before
   * @throws Error with `code` as `readdirSync` does
   */
  in(path: string, stats: Stats = statSync(path)): readonly string[] {
    const identity = identityOf(stats);
    const known = this.#before.get(path);
    if (known?.identity === identity) {
      this.#known.set(path, known);
      return known.names;
    }
    const nowMs = this.#now();
    const names = readdirSync(path).toSorted();
    if (isSettled(stats, nowMs)) this.#known.set(path, { identity, names });
    return names;
  }
}
