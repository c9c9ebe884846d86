/** Writing an artifact where somebody reads it; that it could not be done is no bug. */
import { writeArtifact, WriteError } from "../compiler/write-artifact.ts";
import { Failure } from "./failure.ts";

/** @throws Failure */
export function publish(path: string, artifact: Uint8Array): void {
  try {
    writeArtifact(path, artifact);
  } catch (error) {
    throw error instanceof WriteError ? new Failure(error.message) : error;
  }
}
