/**
 * An artifact to ask questions of, from wherever a command is pointed at: a config tree, a file, or a
 * Balto that runs.
 */
import { readFileSync } from "node:fs";

import { ArtifactError } from "../artifact/container.ts";
import { openArtifact, type View } from "../artifact/view.ts";
import type { SourceTree } from "../compiler/source-tree.ts";
import { compileFolder, reportText } from "./compiled-folder.ts";
import { configFolder } from "./config-folder.ts";
import { makeRoom } from "./heap.ts";
import { Failure, reason } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenedArtifact {
  /** What it is, for people: a folder, a file, a URL. */
  name: string;
  view: View;
  /** What it was compiled from, where that is at hand. */
  tree: SourceTree | undefined;
  /** Goes before paths of the tree. */
  prefix: string;
}

/**
 * Compiles a tree.
 *
 * @throws Failure where it has errors, which have been printed
 */
export function openFolder(named: string | undefined, terminal: Terminal): OpenedArtifact {
  const folder = configFolder(named, terminal.env);
  makeRoom(folder);
  const compiled = compileFolder(folder);
  const { tree, result } = compiled;
  if (result === undefined) {
    terminal.note(reportText(compiled, "text", terminal));
    throw new Failure(`${folder} does not compile`);
  }
  return { name: folder, view: openArtifact(result.artifact), tree, prefix: folder };
}

/** @throws Failure */
export function openFile(file: string): OpenedArtifact {
  let bytes: Uint8Array;
  try {
    // A copy in a buffer of its own: the artifact's numbers are aligned to its start.
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${reason(error)}`);
  }
  return { name: file, view: openBytes(bytes, file), tree: undefined, prefix: "" };
}

/** @throws Failure naming what is wrong with the artifact */
export function openBytes(bytes: Uint8Array, name: string): View {
  try {
    return openArtifact(bytes);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new Failure(`${name} is not a sound artifact: ${error.message}`);
  }
}
