/**
 * The error of the encoder. Not a diagnostic: a person who wrote YAML never sees it.
 */

/** A model that cannot be encoded: the caller's bug, not the user's. */
export class EncodeError extends Error {
  override name = "EncodeError";
}
