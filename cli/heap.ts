/**
 * Room for a large tree. Node fixes the size of its heap when it starts, at about 4 GB where there is memory
 * enough: for a million services this process starts itself anew, with more.
 */
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

import { treeBytes } from "../compiler/read-tree.ts";

/** Of heap for a byte of the tree: a million short services, 132 MB, need 3.6 GB. */
const HEAP_PER_BYTE = 48;
/** Of the memory that there is. */
const SHARE_MAX = 0.8;
const OLD_SPACE = "--max-old-space-size";
const FLAGS = [OLD_SPACE, "--max-semi-space-size"];

/**
 * To be called before a tree is compiled, and before anything is done that cannot be done twice. Returns
 * where there is room; where there is not, and the system can put a process in the place of this one, the
 * command begins again with room.
 */
export function makeRoom(folder: string): void {
  if (process.execve === undefined || process.platform === "win32") return;
  // Who asked for a size has it, and who has begun again does not do so twice.
  if (process.execArgv.some((word) => word.startsWith(OLD_SPACE))) return;
  const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
  const due = Math.min(treeBytes(folder) * HEAP_PER_BYTE, memory * SHARE_MAX);
  if (due <= getHeapStatistics().heap_size_limit) return;
  // Most of what is read is kept: a larger nursery copies less of it twice.
  const flags = [`${OLD_SPACE}=${Math.floor(due / 2 ** 20)}`, "--max-semi-space-size=64"];
  const words = [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)];
  process.execve(process.execPath, words);
}

/** The flags of this process without those of its heap, for one that compiles nothing. */
export function flagsWithoutRoom(): string[] {
  return process.execArgv.filter((word) => !FLAGS.some((flag) => word.startsWith(flag)));
}
