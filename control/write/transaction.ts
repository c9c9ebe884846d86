/**
 * One change of one file, from the first byte on the disk to the data plane that serves it:
 * journal → copies → file → commit → artifact → served → done.
 *
 * Whatever goes wrong, what was done is taken back in reverse order; what a crash leaves, `recover`
 * takes back or completes.
 */
import { copyFileSync, linkSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createHash, randomBytes } from "node:crypto";

import { syncFolder, writeArtifact } from "../../compiler/write-artifact.ts";
import {
  moveOver,
  readIfThere,
  remove,
  removeEmptyFolder,
  removeIfThere,
  statIfThere,
  writeNew,
} from "./durable-file.ts";
import type { CommitRequest, Repository } from "./git.ts";
import { type JournalEntry, markDone, removeJournal, writeJournal } from "./journal.ts";

/** What is to happen. */
export interface Change {
  /** The folder of the tree, absolute, without links. */
  tree: string;
  /** The file, `/`-separated and relative to the tree. */
  path: string;
  /** What the change was made from; undefined for a file that is not there yet. */
  before: Buffer | undefined;
  /** What is to be there; undefined removes the file. */
  after: Buffer | undefined;
  /** undefined commits nothing. */
  commit: { repository: Repository; request: Omit<CommitRequest, "path"> } | undefined;
  /** Where the artifact goes, and what it is once the commit is known; undefined publishes nothing. */
  artifact:
    | { path: string; digest: string; bytes: (commit: string | undefined) => Uint8Array }
    | undefined;
  /** Resolves when the artifact is served; rejects where it will not be. */
  served: (() => Promise<void>) | undefined;
  /** Called where something was taken back that the data plane may have loaded already. */
  takenBack: () => Promise<void>;
}

/** The file is not what the change was made from any more. */
export class ChangedMeanwhile extends Error {
  override name = "ChangedMeanwhile";
}

/** Something could not be taken back; the journal stays, and the next start tries again. */
export class RollbackError extends Error {
  override name = "RollbackError";
}

/** Told of each step that is done; the tests end the process there. */
export type StepDone = (step: Step) => void;
export type Step =
  | "journal"
  | "copies"
  | "file"
  | "staged"
  | "commit"
  | "artifact"
  | "served"
  | "done";

/**
 * Makes a change. After an error everything is as it was, except after a RollbackError.
 *
 * @returns the commit, if there is one
 * @throws ChangedMeanwhile, GitRefusal, RollbackError, what `served` rejects with, or an Error with the
 * system's `code`
 */
export async function transact(change: Change, done: StepDone): Promise<string | undefined> {
  const { tree, path, before, after } = change;
  const file = join(tree, path);
  const folder = dirname(file);
  const undo: (() => void | Promise<void>)[] = [];
  const token = randomBytes(6).toString("hex");
  const beside = (what: string): string => `.${basename(path)}.balto-${token}.${what}`;
  const head = await change.commit?.repository.head();
  const entry: JournalEntry = {
    version: 1,
    path,
    before: digestOf(before),
    after: digestOf(after),
    beforeCopy: before && beside("before"),
    afterCopy: after && beside("after"),
    madeFolder: statIfThere(folder) === undefined,
    head,
    artifact: change.artifact && {
      path: change.artifact.path,
      digest: change.artifact.digest,
      copy: join(
        dirname(change.artifact.path),
        `.${basename(change.artifact.path)}.${token}.before`,
      ),
    },
  };
  const copy = (name: string | undefined): string | undefined => name && join(folder, name);
  const [beforeCopy, afterCopy] = [copy(entry.beforeCopy), copy(entry.afterCopy)];
  let commit: string | undefined;
  let isDone = false;
  const tidy = (): void => {
    if (entry.artifact !== undefined) removeIfThere(entry.artifact.copy);
    for (const name of [beforeCopy, afterCopy]) if (name !== undefined) removeIfThere(name);
    if (entry.madeFolder && !isDone) removeEmptyFolder(folder);
    removeJournal(tree);
  };

  try {
    writeJournal(tree, entry);
    done("journal");
    if (entry.madeFolder) {
      mkdirSync(folder);
      syncFolder(dirname(folder));
    }
    // All space is taken before anything changes, that of the way back included.
    const stat = statIfThere(file);
    if (beforeCopy !== undefined && before !== undefined) writeNew(beforeCopy, before, stat);
    if (afterCopy !== undefined && after !== undefined) writeNew(afterCopy, after, stat);
    done("copies");

    if (!isSame(readIfThere(file), before)) throw new ChangedMeanwhile(path);
    undo.push(() => restore(file, after, beforeCopy));
    if (afterCopy === undefined) remove(file);
    else moveOver(afterCopy, file);
    done("file");

    if (change.commit !== undefined && head !== undefined) {
      const { repository, request } = change.commit;
      const isNew = before === undefined;
      const staged = (): void => {
        undo.push(() => repository.unstage(path));
        done("staged");
      };
      commit = await repository.commit({ path, ...request }, isNew, staged);
      const oid = commit;
      undo.push(() => repository.takeBack(path, head, oid));
      done("commit");
    }

    if (change.artifact !== undefined && entry.artifact !== undefined) {
      const { path: artifact, bytes } = change.artifact;
      const { copy: kept } = entry.artifact;
      const isThere = statIfThere(artifact) !== undefined;
      if (isThere) keepCopy(artifact, kept);
      undo.push(async () => {
        if (isThere) moveOver(kept, artifact);
        else removeIfThere(artifact);
        await change.takenBack();
      });
      writeArtifact(artifact, bytes(commit));
      done("artifact");
    }
    await change.served?.();
    done("served");
    markDone(tree);
    isDone = true;
    done("done");
    tidy();
    return commit;
  } catch (error) {
    // Only tidying up has failed: the next change will do it.
    if (isDone) return commit;

    await takeBack(undo, tidy, error);
    throw error;
  }
}

/** A second name takes no space; where there are none, a copy does. */
function keepCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** Puts back what was there, unless somebody has put something else there since. */
function restore(file: string, after: Buffer | undefined, beforeCopy: string | undefined): void {
  if (!isSame(readIfThere(file), after)) return;
  if (beforeCopy !== undefined) moveOver(beforeCopy, file);
  else removeIfThere(file);
}

/** SHA-256 in hex; undefined for no file. */
export function digestOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && createHash("sha256").update(bytes).digest("hex");
}

async function takeBack(
  undo: (() => void | Promise<void>)[],
  tidy: () => void,
  cause: unknown,
): Promise<void> {
  try {
    for (const step of undo.toReversed()) await step();
    tidy();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new RollbackError(`the change failed and could not be taken back: ${text}`, { cause });
  }
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
