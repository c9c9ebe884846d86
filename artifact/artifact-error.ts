/**
 * The error of reading: what is wrong with an artifact's bytes, in one line that can follow the
 * file's name ("its digest does not match its content: corrupted").
 */

/** Thrown for bytes that are not a whole, sound artifact of this format. */
export class ArtifactError extends Error {
  override name = "ArtifactError";
}
