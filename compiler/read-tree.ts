/**
 * Reads a config tree from a folder. It never reads without a limit; what it will not read it names, and the
 * compiler reports it.
 */
import type { Stats } from "node:fs";
import { FILE_BYTES_MAX, TESTS_FOLDER } from "./parse/collect-files.ts";
import { identityOf, PathMemory } from "./path-memory.ts";
import { errorCode, readSource } from "./source-bytes.ts";
import type { SourceFault, SourceFile, SourceTree } from "./source-tree.ts";
import { TreeWalk } from "./tree-walk.ts";

/** Largest tree: a million services. */
const TREE_BYTES_MAX = 512 * 1024 * 1024;
const TREE_FILES_MAX = 20_000;

/** A ConfigMap may be swapped while it is read: so often is the reading begun again. */
const ATTEMPTS_MAX = 3;

/**
 * Reads the files of a tree: those at its top and below services/, pools/, streams/ and tests/.
 *
 * @throws Error with `code` where the folder itself cannot be read (ENOENT, ENOTDIR, EACCES)
 */
export function readTree(folder: string): SourceTree {
  return new TreeReader(folder).read();
}

/** How large the files of a tree are together; 0 where it cannot be read. */
export function treeBytes(folder: string): number {
  let bytes = 0;
  const file = (_path: string, _real: string, { size }: Stats): boolean => {
    bytes += size;
    return bytes <= TREE_BYTES_MAX;
  };
  try {
    new TreeWalk(folder).visit({ file, fault: () => true });
  } catch {
    // Whoever reads the tree says so.
  }
  return bytes;
}

/**
 * Reads one tree again and again. A file that has not been written since it was read is not read again, and
 * its content is the same object.
 */
export class TreeReader {
  readonly #walk: TreeWalk;
  /** By real path. */
  readonly #contents: PathMemory<Uint8Array>;
  /** Of the tree as it was read last. */
  #identities: readonly string[] = [];

  /** @param now milliseconds of the clock that file systems go by */
  constructor(folder: string, now: () => number = Date.now) {
    this.#walk = new TreeWalk(folder, now);
    this.#contents = new PathMemory(now);
  }

  /** @throws Error as `readTree` does */
  read(): SourceTree {
    try {
      for (let attempt = 1; ; attempt++) {
        const files: SourceFile[] = [];
        this.#contents.begin();
        this.#identities = this.#visit((path, met) => {
          const content = "stats" in met ? this.#content(met) : met;
          files.push({ path, content: path.includes("\ufffd") ? NOT_UTF8 : content });
        });
        const isSwapped = this.#walk.generation() !== this.#identities[0];
        if (attempt === ATTEMPTS_MAX || !isSwapped) return { files };
      }
    } catch (error) {
      this.#identities = [errorCode(error)];
      throw error;
    }
  }

  /** Whether the tree may be another than it was when it was read last: its files but for those of tests/. */
  hasChanged(): boolean {
    const before = this.#identities;
    const now = this.#identitiesNow();
    return now.length !== before.length || now.some((one, index) => one !== before[index]);
  }

  #identitiesNow(): string[] {
    try {
      return this.#visit(() => {});
    } catch (error) {
      return [errorCode(error)];
    }
  }

  /**
   * @param take is given all that is met, within the limits
   * @returns what every change of the tree changes; its generation is the first
   */
  #visit(take: (path: string, met: Met) => void): string[] {
    const identities = [this.#walk.generation()];
    let files = 0;
    let bytes = 0;
    const meet = (path: string, met: Met): boolean => {
      const isFile = "stats" in met;
      const what = isFile ? identityOf(met.stats) : met.detail;
      if (!path.startsWith(`${TESTS_FOLDER}/`)) identities.push(`${path}\0${what}`);
      // A file that is too large by itself is not read.
      if (isFile && met.stats.size <= FILE_BYTES_MAX) bytes += met.stats.size;
      files++;
      const isWithin = files <= TREE_FILES_MAX && bytes <= TREE_BYTES_MAX;
      take(path, isWithin ? met : tooLarge(files));
      return isWithin;
    };
    this.#walk.visit({ file: (path, real, stats) => meet(path, { real, stats }), fault: meet });
    return identities;
  }

  #content({ real, stats }: FileMet): Uint8Array | SourceFault {
    const known = this.#contents.recall(real, stats);
    if (known !== undefined) return known;
    const content = readSource(real);
    if (content instanceof Uint8Array) this.#contents.remember(real, stats, content);
    return content;
  }
}

/** Where a file is on the disk, and what it was there before it was read. */
interface FileMet {
  real: string;
  stats: Stats;
}

type Met = FileMet | SourceFault;

const NOT_UTF8: SourceFault = { fault: "bad-name", detail: "it is not UTF-8" };

function tooLarge(files: number): SourceFault {
  const detail =
    files > TREE_FILES_MAX
      ? `the tree has more than ${TREE_FILES_MAX} files`
      : `the tree is larger than ${TREE_BYTES_MAX / 1024 / 1024} MiB`;
  return { fault: "too-large", detail };
}
