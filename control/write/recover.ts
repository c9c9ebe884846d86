/**
 * What a crash in the middle of a change left behind: completed where the change is committed, taken
 * back where it is not. Nobody was told that it succeeded, so both are right; what is not is anything
 * in between.
 */
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";

import { LOCK_MS_MAX } from "../limits.ts";
import { digestAt } from "../publish.ts";
import {
  moveOver,
  readIfThere,
  removeEmptyFolder,
  removeIfThere,
  statIfThere,
} from "./durable-file.ts";
import { Repository } from "./git.ts";
import { type JournalEntry, readJournal, removeJournal, stateFolder } from "./journal.ts";
import { acquireLock } from "./lock-file.ts";
import { digestOf } from "./transaction.ts";

/** What became of the change that was under way; undefined where none was. */
export type Recovery = undefined | { path: string; outcome: "completed" | "taken back" };

/** How long a git command of the process that died may go on. */
const GIT_MS_MAX = 10_000;

/**
 * Ends what a process that died has begun. To be called by who holds the tree's lock, before the tree
 * is read.
 *
 * @throws Error where the disk does not allow it, or the journal is of another version
 */
export async function recover(folder: string): Promise<Recovery> {
  const tree = realpathSync.native(folder);
  const journal = readJournal(tree);
  if (journal === undefined) return undefined;
  const { entry, isDone } = journal;
  const file = join(tree, entry.path);
  const beside = (name: string): string => join(dirname(file), name);
  const isCompleted = isDone || (entry.head !== undefined && (await isCommitted(tree, entry)));
  if (!isCompleted) {
    if (digestOf(readIfThere(file)) === entry.after) {
      if (entry.before === undefined) removeIfThere(file);
      else if (entry.beforeCopy !== undefined) moveOver(beside(entry.beforeCopy), file);
    }
  }
  for (const name of [entry.beforeCopy, entry.afterCopy]) {
    if (name !== undefined) removeQuietly(beside(name));
  }
  if (entry.artifact !== undefined) await mendArtifact(entry.artifact, isCompleted);
  if (entry.madeFolder && !isCompleted) removeEmptyFolder(dirname(file));
  removeJournal(tree);
  // Whoever asked for it was told that it succeeded, or is about to be.
  if (isDone) return undefined;
  return { path: entry.path, outcome: isCompleted ? "completed" : "taken back" };
}

/** The same, for who does not hold the tree's lock. @throws LockedError */
export async function recoverTree(folder: string): Promise<Recovery> {
  const tree = realpathSync.native(folder);
  // Without a journal there is nothing to do, and a tree that nobody writes is not touched.
  if (readJournal(tree) === undefined) return undefined;
  const lock = await acquireLock(join(stateFolder(tree), "lock"), LOCK_MS_MAX);
  try {
    return await recover(tree);
  } finally {
    lock.release();
  }
}

/** Whether HEAD has the change; where it has not, the index forgets it too. */
async function isCommitted(tree: string, entry: JournalEntry): Promise<boolean> {
  const repository = await Repository.of(tree);
  await repository.settled(GIT_MS_MAX);
  const head = await repository.head();
  if (head !== entry.head) {
    const committed = await repository.inHead(entry.path);
    if (digestOf(committed) === entry.after) return true;
  }
  if (entry.before === undefined) await repository.unstage(entry.path);
  return false;
}

/** Puts the artifact back that was published before, unless somebody has published another since. */
async function mendArtifact(
  { path, copy, digest }: NonNullable<JournalEntry["artifact"]>,
  isCompleted: boolean,
): Promise<void> {
  if (!isCompleted && statIfThere(copy) !== undefined) {
    const lock = await acquireLock(`${path}.lock`, LOCK_MS_MAX);
    try {
      if (digestAt(path) === digest) moveOver(copy, path);
    } finally {
      lock.release();
    }
  }
  removeQuietly(copy);
}

function removeQuietly(path: string): void {
  try {
    removeIfThere(path);
  } catch {
    // Its folder may be gone, with everything in it.
  }
}
