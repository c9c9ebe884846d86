/**
 * A config tree in memory: what the compiler works on, whoever read it (a folder, a git revision,
 * an API call that proposes a change, a test).
 */

/** One file. `path` is relative to the tree, `/`-separated. */
export interface SourceFile {
  path: string;
  content: Uint8Array | SourceFault;
}

/** Why a file that the tree names was not read. */
export interface SourceFault {
  fault: "outside-tree" | "not-a-file" | "too-large" | "unreadable" | "bad-name";
  detail: string;
}

/** Files in any order; the compiler sorts them. */
export interface SourceTree {
  files: SourceFile[];
}

/** True where two contents are the same. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
