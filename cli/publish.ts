/** Writing an artifact where somebody reads it; that it could not be done is no bug. */
import { writeArtifact, WriteError } from "../compiler/write-artifact.ts";
import { publishIfOther } from "../control/publish.ts";
import { Failure } from "./failure.ts";

/** @throws Failure */
export function publish(path: string, artifact: Uint8Array): void {
  attempt(() => writeArtifact(path, artifact));
}

/**
 * Publishes, unless what is published there says the same.
 *
 * @param mustLast as for `writeArtifact`
 * @throws Failure
 */
export function publishChange(path: string, artifact: Uint8Array, mustLast = true): void {
  attempt(() => publishIfOther(path, artifact, mustLast));
}

function attempt(write: () => void): void {
  try {
    write();
  } catch (error) {
    throw error instanceof WriteError ? new Failure(error.message) : error;
  }
}
