/**
 * Tree walk: goes through the files of a config tree in a folder. It never leaves the folder; what it will not
 * go into it names.
 *
 * Links are followed where their real path stays inside the tree: a Kubernetes ConfigMap is a
 * folder of links into `..data`.
 */
import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { isTreeFolder, isYaml } from "./parse/collect-files.ts";
import { PathMemory } from "./path-memory.ts";
import { errorCode, unreadable } from "./source-bytes.ts";
import type { SourceFault } from "./source-tree.ts";

const DEPTH_MAX = 32;

/** What is told of what is met, in order of names. Each says whether the walk goes on. */
export interface TreeVisitor {
  /**
   * @param path in the tree
   * @param real where the file is on the disk
   */
  file(path: string, real: string, stats: Stats): boolean;
  fault(path: string, fault: SourceFault): boolean;
}

export class TreeWalk {
  readonly #folder: string;
  /** In each folder, sorted. */
  readonly #names: PathMemory<readonly string[]>;

  /** @param now milliseconds of the clock that file systems go by */
  constructor(folder: string, now?: () => number) {
    this.#folder = folder;
    this.#names = new PathMemory(now);
  }

  /**
   * Meets the YAML files at the top of the tree and below its folders.
   *
   * @throws Error with `code` where the folder itself cannot be read (ENOENT, ENOTDIR, EACCES)
   */
  visit(visitor: TreeVisitor): void {
    this.#names.begin();
    const root = realpathSync.native(this.#folder);
    const one = new OneWalk(root, this.#names, visitor);
    one.top();
  }

  /**
   * What a whole tree is swapped by: the folder's real path, and the link that ConfigMaps flip.
   *
   * @throws Error likewise
   */
  generation(): string {
    const root = realpathSync.native(this.#folder);
    try {
      return `${root}\0${readlinkSync(join(root, "..data"))}`;
    } catch {
      return root;
    }
  }
}

class OneWalk {
  readonly #root: string;
  readonly #names: PathMemory<readonly string[]>;
  readonly #visitor: TreeVisitor;
  /** Real paths of the folders that were gone into: links could lead round in circles, or multiply them. */
  readonly #folders = new Set<string>();
  #isOver = false;

  constructor(root: string, names: PathMemory<readonly string[]>, visitor: TreeVisitor) {
    this.#root = root;
    this.#names = names;
    this.#visitor = visitor;
    this.#folders.add(root);
  }

  /** The top folder: its YAML files, services/, pools/ and streams/ however they are spelt, and tests/. */
  top(): void {
    for (const name of this.#namesIn(this.#root, statSync(this.#root))) {
      if (isYaml(name) || isTreeFolder(name)) this.#entry(name, join(this.#root, name), 0);
    }
  }

  /** `path` is the name in the tree, `full` where it is on the disk. */
  #entry(path: string, full: string, depth: number): void {
    if (this.#isOver) return undefined;
    const found = this.#find(full);
    if ("fault" in found) {
      const { fault, detail, isFolder } = found;
      return isYaml(path) || isFolder ? this.#refuse(path, { fault, detail }) : undefined;
    }
    const { real, stats } = found;
    if (stats.isDirectory()) return this.#folder(path, real, depth, stats);
    if (isYaml(path) && !this.#visitor.file(path, real, stats)) this.#isOver = true;
    return undefined;
  }

  #folder(path: string, real: string, depth: number, stats: Stats): void {
    const refuse = (fault: SourceFault["fault"], detail: string): void =>
      this.#refuse(path, { fault, detail });
    if (isYaml(path)) return refuse("not-a-file", "it is a folder");
    if (this.#folders.has(real)) {
      return refuse("not-a-file", "it is a link to a folder that is read already");
    }
    if (depth >= DEPTH_MAX) {
      return refuse("too-large", `folders are nested more than ${DEPTH_MAX} deep`);
    }
    this.#folders.add(real);
    let names: readonly string[];
    try {
      names = this.#namesIn(real, stats);
    } catch (cause) {
      return this.#refuse(path, unreadable(cause));
    }
    // Hidden files are editors' and Kubernetes' own (`..data`).
    for (const name of names) {
      if (!name.startsWith(".")) this.#entry(`${path}/${name}`, `${real}${sep}${name}`, depth + 1);
    }
    return undefined;
  }

  /**
   * The names in a folder, sorted.
   *
   * @param stats of the folder, from just before
   * @throws Error with `code` as `readdirSync` does
   */
  #namesIn(folder: string, stats: Stats): readonly string[] {
    const before = this.#names.recall(folder, stats);
    if (before !== undefined) return before;
    const names = readdirSync(folder).toSorted();
    this.#names.remember(folder, stats, names);
    return names;
  }

  /** Where a name leads, if it stays inside the tree. */
  #find(full: string): { real: string; stats: Stats } | (SourceFault & { isFolder: boolean }) {
    let isFolder = false;
    try {
      const own = lstatSync(full);
      if (!own.isSymbolicLink()) return { real: full, stats: own };
      const stats = statSync(full);
      isFolder = stats.isDirectory();
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

  #refuse(path: string, fault: SourceFault): void {
    if (!this.#visitor.fault(path, fault)) this.#isOver = true;
  }
}
