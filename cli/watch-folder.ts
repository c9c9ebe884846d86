/**
 * Watches a config tree. Events of the file system are a hint that comes at once; a look at every
 * file's identity, time and size once a second is what can be relied on: links that are swapped
 * (ConfigMaps, git-sync) and network file systems send no events. It reports that something may have
 * changed, never what: the whole tree is read anew anyway.
 */
import { type Stats, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

import { watch as watchEvents } from "chokidar";

import { POOLS_FOLDER, SERVICES_FOLDER, STREAMS_FOLDER } from "../compiler/parse/collect-files.ts";
import { PathMemory } from "../compiler/path-memory.ts";
import { type FolderNames, namesIn, TREE_DEPTH_MAX } from "../compiler/read-tree.ts";

export interface FolderWatch {
  close: () => Promise<void>;
}

/** Editors write in several steps; a compile in between would report a half-written file. */
const SETTLE_MS = 40;
const POLL_MS = 1000;
/** Of the time, at most so much may go into polling: a tree of 100,000 files is looked at less often. */
const POLL_SHARE = 0.02;
/** The link that Kubernetes flips when a ConfigMap changes; the files are links through it. */
const CONFIGMAP_LINK = "..data";

/**
 * @param onChange must not fail; runs once at a time; changes during a run lead to one more
 * @param since what the tree was when it was last read, from `folderState`
 */
export function watchFolder(
  folder: string,
  onChange: () => void | Promise<void>,
  since: string,
): FolderWatch {
  let state = since;
  let closed = false;
  let running: Promise<void> | undefined;
  let settle: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;

  const names: FolderNames = new PathMemory();

  const look = async (): Promise<void> => {
    const now = folderState(folder, names);
    if (closed || now === state) return;
    state = now;
    await onChange();
  };
  const lookSoon = (): void => {
    clearTimeout(settle);
    if (closed) return;
    settle = setTimeout(() => {
      if (running !== undefined) lookSoon();
      else running = look().finally(() => (running = undefined));
    }, SETTLE_MS);
  };
  const pollLater = (ms: number): void => {
    poll = setTimeout(() => {
      const start = performance.now();
      if (running === undefined && folderState(folder, names) !== state) lookSoon();
      if (!closed) pollLater(Math.max(POLL_MS, (performance.now() - start) / POLL_SHARE));
    }, ms);
  };

  const events = watchEvents(folder, {
    ignoreInitial: true,
    ignored: (path, stat) => !isOfTree(relative(folder, path), stat?.isFile() ?? false),
  });
  events.on("all", lookSoon);
  // Out of watches, say: the poll goes on without the hints.
  events.on("error", () => undefined);
  pollLater(POLL_MS);
  // What happened while the tree was first read.
  lookSoon();

  return {
    close: async () => {
      closed = true;
      clearTimeout(settle);
      clearTimeout(poll);
      await events.close();
      await running;
    },
  };
}

/**
 * A text that differs when a file of the tree was written, replaced, added or removed.
 *
 * @param names of the folder, as they were when it was looked at before
 */
export function folderState(folder: string, names: FolderNames = new PathMemory()): string {
  const entries: string[] = [];
  names.begin();
  walk(folder, names, (path, stats) => {
    entries.push(
      stats === undefined
        ? `${path} unreadable`
        : `${path} ${stats.dev}:${stats.ino} ${stats.mtimeMs} ${stats.size}`,
    );
  });
  return entries.join("\n");
}

/** How large the files of the tree are together. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  walk(folder, new PathMemory(), (_, stats) => {
    bytes += stats?.size ?? 0;
  });
  return bytes;
}

/** @param visit is told of each file, and of a folder that cannot be read without stats */
function walk(
  root: string,
  names: FolderNames,
  visit: (path: string, stats: Stats | undefined) => void,
): void {
  const seen = new Set<string>();
  const into = (path: string, folder: Stats | undefined, depth: number): void => {
    let here: readonly string[];
    try {
      here = namesIn(join(root, path), folder ?? statSync(root), names);
    } catch {
      return visit(path, undefined);
    }
    for (const name of here) {
      const below = join(path, name);
      if (!isOfTree(below, false)) continue;
      const stats = statThroughLinks(join(root, below));
      if (stats === undefined || !isOfTree(below, stats.isFile())) continue;
      const identity = `${stats.dev}:${stats.ino}`;
      if (!stats.isDirectory()) {
        visit(below, stats);
      } else if (depth < TREE_DEPTH_MAX && !seen.has(identity)) {
        seen.add(identity);
        into(below, stats, depth + 1);
      }
    }
  };
  into("", undefined, 0);
}

const FOLDERS = [SERVICES_FOLDER, POOLS_FOLDER, STREAMS_FOLDER];

/**
 * Whether a compile looks at this path, relative to the tree, or into it. A tree may be the root of a
 * repository with everything else that is in one.
 */
function isOfTree(path: string, isFile: boolean): boolean {
  const [top = "", ...below] = path.split(sep);
  if (top === "" || top === CONFIGMAP_LINK) return true;
  if (!FOLDERS.includes(top)) return below.length === 0 && isYaml(top);
  const name = below.at(-1) ?? "";
  return !name.startsWith(".") && (!isFile || isYaml(name));
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** Of the file that would be read; a link that leads nowhere is as good as none. */
function statThroughLinks(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
