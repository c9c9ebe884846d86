/**
 * The journal of a change: written before the first step that can be seen, removed after the last. If
 * the process dies in between, the next start finds here what was meant and what was there.
 *
 * Everything of ours lies in `.balto/` at the top of the tree, which git is told to ignore.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { syncFolder } from "../../compiler/write-artifact.ts";
import { moveOver, readIfThere, removeIfThere, statIfThere, writeNew } from "./durable-file.ts";

/** One change of one file. Digests are SHA-256 in hex; undefined is "no such file". */
export interface JournalEntry {
  version: 1;
  /** Of the file in the tree, `/`-separated. */
  path: string;
  before: string | undefined;
  after: string | undefined;
  /** Names, beside the file, of a copy of what was there and of what is to be there. */
  beforeCopy: string | undefined;
  afterCopy: string | undefined;
  /** The folder of the file was made for it. */
  madeFolder: boolean;
  /** Commit that HEAD was at; "" before the first one; undefined where nothing is committed. */
  head: string | undefined;
  /** Where the artifact is, a copy of the one that was published before, and the digest of the new one. */
  artifact: { path: string; copy: string; digest: string } | undefined;
}

const FOLDER = ".balto";
const JOURNAL = "journal.json";
const DONE = "done.json";

/** Where the writer keeps what is its own, made where it is missing; another writer may be doing the same. */
export function stateFolder(tree: string): string {
  const folder = join(tree, FOLDER);
  const ignore = join(folder, ".gitignore");
  if (statIfThere(ignore) === undefined) {
    // Not "recursive": on a read-only disk that would say that the folder does not exist.
    unlessThere(() => mkdirSync(folder));
    unlessThere(() => writeNew(ignore, Buffer.from("*\n")));
    syncFolder(tree);
  }
  return folder;
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Writes the journal of a change that is about to begin. */
export function writeJournal(tree: string, entry: JournalEntry): void {
  const folder = stateFolder(tree);
  const temporary = join(folder, "journal.tmp");
  removeIfThere(temporary);
  writeNew(temporary, Buffer.from(`${JSON.stringify(entry)}\n`));
  moveOver(temporary, join(folder, JOURNAL));
}

/** The change has succeeded: from here on it is not taken back, what is left to do is to tidy up. */
export function markDone(tree: string): void {
  moveOver(join(tree, FOLDER, JOURNAL), join(tree, FOLDER, DONE));
}

/** The journal of a change that did not come to its end; `isDone` of one that is not tidied up yet. */
export function readJournal(tree: string): { entry: JournalEntry; isDone: boolean } | undefined {
  for (const [name, isDone] of [
    [JOURNAL, false],
    [DONE, true],
  ] as const) {
    const path = join(tree, FOLDER, name);
    const bytes = readIfThere(path);
    if (bytes === undefined) continue;
    const entry = JSON.parse(bytes.toString()) as JournalEntry;
    if (entry.version !== 1) throw new Error(`${path} was written by another version of balto`);
    return { entry, isDone };
  }
  return undefined;
}

/** Nothing of the change is left to do. */
export function removeJournal(tree: string): void {
  for (const name of [JOURNAL, DONE]) removeIfThere(join(tree, FOLDER, name));
}
