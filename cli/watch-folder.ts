/**
 * Watches a config tree. Events of the file system are a hint that comes at once; a look at every
 * file's identity, time and size once a second is what can be relied on: links that are swapped
 * (ConfigMaps, git-sync) and network file systems send no events. It reports that something may have
 * changed, never what: the whole tree is read anew anyway.
 */
import { relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { watch as watchEvents } from "chokidar";

import {
  isYaml,
  POOLS_FOLDER,
  SERVICES_FOLDER,
  STREAMS_FOLDER,
} from "../compiler/parse/collect-files.ts";

export interface FolderWatch {
  close: () => Promise<void>;
}

/** What is watched, and what is done about it. */
export interface Watched {
  folder: string;
  /** Whether the tree may be another than it was when it was read last. */
  hasChanged: () => boolean;
  /**
   * Must not fail; runs once at a time; changes during a run lead to one more.
   *
   * @param isOver waits until nothing more is written. False where something was: then what was read is
   * not to be used, and a run will follow
   */
  onChange: (isOver: () => Promise<boolean>) => Promise<void>;
}

/** Editors write in several steps; what is read in between may be half a file, and is not used. */
const SETTLE_MS = 40;
/** After so long it is worth reading: mostly there was one step. */
const LEAD_MS = 10;
const POLL_MS = 1000;
/** Of the time, at most so much may go into polling: a tree of 100,000 files is looked at less often. */
const POLL_SHARE = 0.02;
/** The link that Kubernetes flips when a ConfigMap changes; the files are links through it. */
const CONFIGMAP_LINK = "..data";

/** Watches until it is closed; begins with a look at what has happened since the tree was read. */
export function watchFolder({ folder, hasChanged, onChange }: Watched): FolderWatch {
  let closed = false;
  let running: Promise<void> | undefined;
  let lead: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;
  let hints = 0;
  let hintedAt = 0;
  /** What was read last was not used. */
  let isDue = false;

  const look = async (): Promise<void> => {
    if (closed || !(hasChanged() || isDue)) return;
    isDue = false;
    await onChange(async () => {
      await sleep(Math.max(0, hintedAt + SETTLE_MS - performance.now()));
      // An event may come late, or never.
      isDue = hasChanged();
      return !isDue;
    });
  };
  const lookSoon = (): void => {
    clearTimeout(lead);
    if (closed || running !== undefined) return;
    const start = (): void => {
      const before = hints;
      running = look().finally(() => {
        running = undefined;
        if (hints !== before || isDue) lookSoon();
      });
    };
    lead = setTimeout(start, isDue ? SETTLE_MS : LEAD_MS);
  };
  const hint = (): void => {
    hints++;
    hintedAt = performance.now();
    lookSoon();
  };
  const pollLater = (ms: number): void => {
    poll = setTimeout(() => {
      const start = performance.now();
      if (running === undefined && hasChanged()) hint();
      if (!closed) pollLater(Math.max(POLL_MS, (performance.now() - start) / POLL_SHARE));
    }, ms);
  };

  const events = watchEvents(folder, {
    ignoreInitial: true,
    ignored: (path, stat) => !isOfTree(relative(folder, path), stat?.isFile() ?? false),
  });
  events.on("all", hint);
  // Out of watches, say: the poll goes on without the hints.
  events.on("error", () => undefined);
  pollLater(POLL_MS);
  hint();

  return {
    close: async () => {
      closed = true;
      clearTimeout(lead);
      clearTimeout(poll);
      await events.close();
      await running;
    },
  };
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
