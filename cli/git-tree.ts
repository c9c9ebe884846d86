/** A config tree as a commit has it, read through git without checking anything out. */
import { posix } from "node:path";

import { FILE_BYTES_MAX, isTreeFolder } from "../compiler/parse/collect-files.ts";
import type { SourceFile, SourceTree } from "../compiler/source-tree.ts";
import { Failure } from "./failure.ts";
import type { Git, GitEntry } from "./git.ts";

/** As many files as a folder may have. */
const FILES_MAX = 20_000;
/** Links to links; git's own files have one. */
const LINKS_MAX = 8;

/**
 * The files of a config tree at a folder of a commit: those that `readTree` would read there.
 *
 * @throws Failure
 */
export function readGitTree(git: Git, commit: string, folder: string): SourceTree {
  const entries = git.list(commit, folder);
  const wanted = entries.filter(({ path }) => isOfTree(path));
  if (wanted.length > FILES_MAX) throw new Failure(`the tree has more than ${FILES_MAX} files`);
  const links = entries.filter(({ kind }) => kind === "link");
  const targets = git.read(links.map(({ object }) => object));
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const resolved = wanted.map((entry) => ({ entry, file: follow(entry, byPath, targets) }));
  const objects = resolved.flatMap(({ file }) => (typeof file === "string" ? [] : [file.object]));
  const contents = git.read([...new Set(objects)]);
  return {
    files: resolved.map(({ entry: { path }, file }): SourceFile => {
      if (typeof file === "string") {
        return { path, content: { fault: "outside-tree", detail: file } };
      }
      if (file.kind === "other") {
        return { path, content: { fault: "not-a-file", detail: "it is a submodule" } };
      }
      const content = contents.get(file.object) ?? new Uint8Array(0);
      if (content.length <= FILE_BYTES_MAX) return { path, content };
      const detail = `the file is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`;
      return { path, content: { fault: "too-large", detail } };
    }),
  };
}

function isOfTree(path: string): boolean {
  const [first = "", ...rest] = path.split("/");
  if (!/\.ya?ml$/i.test(path)) return false;
  return rest.length === 0 || (isTreeFolder(first) && !rest.some((part) => part.startsWith(".")));
}

/** Where a link leads inside the tree; a text is why it leads nowhere there. */
function follow(
  entry: GitEntry,
  byPath: ReadonlyMap<string, GitEntry>,
  targets: ReadonlyMap<string, Uint8Array>,
): GitEntry | string {
  let at = entry;
  for (let links = 0; at.kind === "link"; links++) {
    const target = Buffer.from(targets.get(at.object) ?? []).toString();
    const path = posix.join(posix.dirname(at.path), target);
    const next = target.startsWith("/") ? undefined : byPath.get(path);
    if (next === undefined || links === LINKS_MAX) return `it is a link to ${target}`;
    at = next;
  }
  return at;
}
