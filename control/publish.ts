/**
 * Publishing an artifact beside others who do. To be called by who holds the artifact's lock, with an
 * artifact of the tree as it was read under that lock.
 */
import { readFileSync } from "node:fs";

import { openContainer } from "../artifact/container.ts";
import { writeArtifact } from "../compiler/write-artifact.ts";

/**
 * Publishes unless what is published says the same: then it keeps the commit it may be stamped with.
 *
 * @throws WriteError
 */
export function publishIfOther(path: string, artifact: Uint8Array): void {
  if (digestAt(path) !== openContainer(artifact).digest) writeArtifact(path, artifact);
}

/** What is published there; undefined where that is no sound artifact. */
export function digestAt(path: string): string | undefined {
  try {
    // A copy in a buffer of its own: the artifact's numbers are aligned to its start.
    return openContainer(new Uint8Array(readFileSync(path))).digest;
  } catch {
    return undefined;
  }
}
