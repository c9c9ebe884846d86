/**
 * Publishing an artifact beside others who do. To be called by who holds the artifact's lock, with an
 * artifact of the tree as it was read under that lock.
 */
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";

import { type Container, openContainer } from "../artifact/container.ts";
import { HEADER_BYTES } from "../artifact/layout.ts";
import { writeArtifact } from "../compiler/write-artifact.ts";

/**
 * Publishes unless what is published says the same and is signed by the same keys: then it keeps the commit
 * it may be stamped with.
 *
 * @param mustLast as for `writeArtifact`
 * @throws WriteError
 */
export function publishIfOther(path: string, artifact: Uint8Array, mustLast = true): void {
  const container = openContainer(artifact, true);
  // Mostly the first bytes say already that it is another: the rest of a large file is not read.
  const published = headAt(path).includes(container.digest) ? containerAt(path) : undefined;
  if (published === undefined || !isSame(published, container))
    writeArtifact(path, artifact, mustLast);
}

/** The beginning of a file, in which an artifact has its digest, in hexadecimal; "" where there is none. */
function headAt(path: string): string {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const head = Buffer.alloc(HEADER_BYTES);
      return head.toString("hex", 0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "";
  }
}

function isSame(one: Container, other: Container): boolean {
  const keysOf = ({ signatures }: Container): string =>
    signatures
      .map(({ keyId }) => keyId)
      .toSorted()
      .join();
  return one.digest === other.digest && keysOf(one) === keysOf(other);
}

/** The digest of what is published there; undefined where that is no sound artifact. */
export function digestAt(path: string): string | undefined {
  return containerAt(path)?.digest;
}

function containerAt(path: string): Container | undefined {
  try {
    // A copy in a buffer of its own: the artifact's numbers are aligned to its start.
    return openContainer(new Uint8Array(readFileSync(path)));
  } catch {
    return undefined;
  }
}
