/**
 * Reads a config tree from a folder. It never leaves the folder, never waits for a FIFO or a device
 * and never reads without a limit; what it will not read it names, and the compiler reports it.
 *
 * Links are followed where their real path stays inside the tree: a Kubernetes ConfigMap is a
 * folder of links into `..data`.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { FILE_BYTES_MAX, isTreeFolder } from "./parse/collect-files.ts";
import { PathMemory } from "./path-memory.ts";
import type { SourceFault, SourceFile, SourceTree } from "./source-tree.ts";

/** Largest tree: a million services. */
const TREE_BYTES_MAX = 512 * 1024 * 1024;
const TREE_FILES_MAX = 20_000;
export const TREE_DEPTH_MAX = 32;

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

/**
 * Reads one tree again and again. A file that has not been written since it was read is not read again, and
 * its content is the same object.
 */
export class TreeReader {
  readonly #folder: string;
  readonly #names: FolderNames;
  readonly #contents: FileContents;

  /** @param now milliseconds of the clock that file systems go by */
  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#names = new PathMemory(now);
    this.#contents = new PathMemory(now);
  }

  /** @throws Error as `readTree` does */
  read(): SourceTree {
    for (let attempt = 1; ; attempt++) {
      const before = generationOf(this.#folder);
      this.#names.begin();
      this.#contents.begin();
      const root = realpathSync.native(this.#folder);
      const reading = new Reading(root, this.#names, this.#contents);
      reading.top();
      if (attempt === ATTEMPTS_MAX || generationOf(this.#folder) === before)
        return { files: reading.files };
    }
  }
}

/** The names in each folder, sorted. */
export type FolderNames = PathMemory<readonly string[]>;
/** By real path. */
type FileContents = PathMemory<Uint8Array>;

/**
 * The names in a folder, sorted.
 *
 * @param stats of the folder, from just before
 * @throws Error with `code` as `readdirSync` does
 */
export function namesIn(folder: string, stats: Stats, known: FolderNames): readonly string[] {
  const before = known.recall(folder, stats);
  if (before !== undefined) return before;
  const names = readdirSync(folder).toSorted();
  known.remember(folder, stats, names);
  return names;
}

/** What a whole tree is swapped by: the folder's real path, and the link that ConfigMaps flip. */
function generationOf(folder: string): string {
  const root = realpathSync.native(folder);
  try {
    return `${root}\0${readlinkSync(join(root, "..data"))}`;
  } catch {
    return root;
  }
}

class Reading {
  readonly files: SourceFile[] = [];
  readonly #names: FolderNames;
  readonly #contents: FileContents;
  #root: string;
  /** Real paths of the folders that were read: links could lead round in circles, or multiply them. */
  #folders = new Set<string>();
  #bytes = 0;
  #full = false;

  constructor(root: string, names: FolderNames, contents: FileContents) {
    this.#names = names;
    this.#contents = contents;
    this.#root = root;
    this.#folders.add(root);
  }

  /** The top folder: its YAML files, services/, pools/ and streams/ however they are spelt, and tests/. */
  top(): void {
    for (const name of namesIn(this.#root, statSync(this.#root), this.#names)) {
      if (isYaml(name) || isTreeFolder(name)) this.#entry(name, join(this.#root, name), 0);
    }
  }

  /** `path` is the name in the tree, `full` where it is on the disk. */
  #entry(path: string, full: string, depth: number): void {
    if (this.#full) return undefined;
    const found = this.#find(full);
    if ("fault" in found) {
      const { fault, detail, isFolder } = found;
      return isYaml(path) || isFolder ? this.#add(path, { fault, detail }) : undefined;
    }
    const { real, stats } = found;
    if (stats.isDirectory()) return this.#folder(path, real, depth, stats);
    return isYaml(path) ? this.#file(path, real, stats) : undefined;
  }

  #folder(path: string, real: string, depth: number, stats: Stats): void {
    const refuse = (fault: SourceFault["fault"], detail: string): void =>
      this.#add(path, { fault, detail });
    if (isYaml(path)) return refuse("not-a-file", "it is a folder");
    if (this.#folders.has(real)) {
      return refuse("not-a-file", "it is a link to a folder that is read already");
    }
    if (depth >= TREE_DEPTH_MAX) {
      return refuse("too-large", `folders are nested more than ${TREE_DEPTH_MAX} deep`);
    }
    this.#folders.add(real);
    let names: readonly string[];
    try {
      names = namesIn(real, stats, this.#names);
    } catch (cause) {
      return this.#add(path, unreadable(cause));
    }
    // Hidden files are editors' and Kubernetes' own (`..data`).
    for (const name of names) {
      if (!name.startsWith(".")) this.#entry(`${path}/${name}`, join(real, name), depth + 1);
    }
    return undefined;
  }

  #file(path: string, real: string, stats: Stats): void {
    const content = this.#content(real, stats);
    if (content instanceof Uint8Array) this.#bytes += content.length;
    const detail =
      this.files.length >= TREE_FILES_MAX
        ? `the tree has more than ${TREE_FILES_MAX} files`
        : this.#bytes > TREE_BYTES_MAX
          ? `the tree is larger than ${TREE_BYTES_MAX / 1024 / 1024} MiB`
          : undefined;
    if (detail === undefined) return this.#add(path, content);
    this.#full = true;
    return this.#add(path, { fault: "too-large", detail });
  }

  #content(real: string, stats: Stats): Uint8Array | SourceFault {
    const known = this.#contents.recall(real, stats);
    if (known !== undefined) return known;
    const content = readFile(real);
    if (content instanceof Uint8Array) this.#contents.remember(real, stats, content);
    return content;
  }

  /** Where a name leads, if it stays inside the tree. */
  #find(full: string): { real: string; stats: Stats } | (SourceFault & { isFolder: boolean }) {
    let isFolder = false;
    try {
      const stats = statSync(full);
      isFolder = stats.isDirectory();
      if (!lstatSync(full).isSymbolicLink()) return { real: full, stats };
      const real = realpathSync.native(full);
      const inside = relative(this.#root, real);
      if (inside !== ".." && !inside.startsWith(`..${sep}`)) return { real, stats };
      const detail = `it is a link to ${readlinkSync(full)}`;
      return { fault: "outside-tree", detail, isFolder };
    } catch (cause) {
      if (errorCode(cause) !== "ELOOP") return { ...unreadable(cause), isFolder };
      return { fault: "not-a-file", detail: "it is a link that leads round in a circle", isFolder };
    }
  }

  #add(path: string, content: SourceFile["content"]): void {
    const named = path.includes("\ufffd")
      ? { fault: "bad-name" as const, detail: "it is not UTF-8" }
      : content;
    this.files.push({ path, content: named });
  }
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** The bytes of a regular file. What was checked is the open file, whatever its name leads to by now. */
function readFile(path: string): Uint8Array | SourceFault {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    // Sockets and devices without a driver cannot even be opened.
    if (errorCode(cause) === "ENXIO")
      return { fault: "not-a-file", detail: "it is a socket or a device" };
    return unreadable(cause);
  }
  try {
    const stats = fstatSync(descriptor);
    const kind = kindOf(stats);
    if (kind !== undefined) return { fault: "not-a-file", detail: kind };
    if (stats.size > FILE_BYTES_MAX) return tooLarge();
    return readAll(descriptor);
  } catch (cause) {
    return unreadable(cause);
  } finally {
    closeSync(descriptor);
  }
}

/** What a file is that is not a plain one of this tree alone. */
function kindOf(stats: Stats): string | undefined {
  if (stats.isFIFO()) return "it is a FIFO";
  if (stats.isSocket()) return "it is a socket";
  if (!stats.isFile()) return "it is a device";
  return stats.nlink > 1 ? `it is a hard link, one of ${stats.nlink} names of the file` : undefined;
}

/**
 * Reads to the end, which may come earlier or later than the size said. What is read goes through one
 * buffer: a new one for each file takes ten times as long where much is on the heap already.
 */
function readAll(descriptor: number): Uint8Array | SourceFault {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, CHUNK);
    if (count === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.push(Uint8Array.prototype.slice.call(CHUNK, 0, count));
    length += count;
    if (length > FILE_BYTES_MAX) return tooLarge();
  }
}

const CHUNK = Buffer.allocUnsafeSlow(64 * 1024);

function tooLarge(): SourceFault {
  return {
    fault: "too-large",
    detail: `the file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
  };
}

function unreadable(cause: unknown): SourceFault {
  const code = errorCode(cause);
  return { fault: "unreadable", detail: REASONS[code] ?? code };
}

const REASONS: Record<string, string | undefined> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it does not exist, or is a link that leads nowhere",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
  EIO: "the disk reports an error",
};

function errorCode(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code ?? String(cause);
}
