/**
 * The trailer: what a file says that is not content. Today it is the source revision; the digest of
 * the content does not change with it. It has a digest of its own, which covers the content's too,
 * so that a trailer belongs to one content.
 */
import { createHash } from "node:crypto";

import { ArtifactError } from "./artifact-error.ts";
import {
  DIGEST_BYTES,
  DIGEST_OFFSET,
  REVISION_BYTES_MAX,
  TRAILER_ENTRY_HEADER_BYTES,
  TRAILER_ENTRY_REVISION,
  TRAILER_HEADER_BYTES,
  TRAILER_MAGIC,
} from "./layout.ts";
import { hasControl } from "./text.ts";

/**
 * The bytes of a trailer, its digest not among them.
 *
 * @throws RangeError when the revision is too long or holds a control character
 */
export function sealTrailer(revision: string): Uint8Array {
  const text = Buffer.from(revision, "utf8");
  if (text.length > REVISION_BYTES_MAX) {
    throw new RangeError(`the revision is longer than ${REVISION_BYTES_MAX} bytes`);
  }
  if (hasControl(revision)) throw new RangeError("the revision holds a control character");
  const entries = revision === "" ? 0 : 1;
  const entryBytes = align(TRAILER_ENTRY_HEADER_BYTES + text.length);
  const trailer = Buffer.alloc(TRAILER_HEADER_BYTES + entries * entryBytes);
  trailer.write(TRAILER_MAGIC, 0, "latin1");
  trailer.writeUInt32LE(trailer.length, 4);
  trailer.writeUInt32LE(entries, 8);
  if (entries > 0) {
    trailer.writeUInt32LE(TRAILER_ENTRY_REVISION, TRAILER_HEADER_BYTES);
    trailer.writeUInt32LE(text.length, TRAILER_HEADER_BYTES + 4);
    text.copy(trailer, TRAILER_HEADER_BYTES + TRAILER_ENTRY_HEADER_BYTES);
  }
  return trailer;
}

/**
 * Reads the trailer that begins at `start` and ends the file; there is room for its header and its
 * digest. Entries of an unknown kind are passed over.
 *
 * @returns the revision, "" where none is stamped
 * @throws ArtifactError
 */
export function openTrailer(file: Buffer, start: number): string {
  const end = start + file.readUInt32LE(start + 4);
  const magic = file.toString("latin1", start, start + 4);
  if (magic !== TRAILER_MAGIC || end + DIGEST_BYTES !== file.length) {
    throw new ArtifactError("its trailer is not where the file ends: truncated or appended to");
  }
  if (!trailerDigest(file, start, end).equals(file.subarray(end))) {
    throw new ArtifactError("its trailer does not match its digest: corrupted");
  }
  let revision = "";
  let at = start + TRAILER_HEADER_BYTES;
  for (let left = file.readUInt32LE(start + 8); left > 0; left--) {
    const text = at + TRAILER_ENTRY_HEADER_BYTES;
    const textEnd = text > end ? Infinity : text + file.readUInt32LE(at + 4);
    if (textEnd > end) throw new ArtifactError("its trailer's entries are out of range");
    if (file.readUInt32LE(at) === TRAILER_ENTRY_REVISION) {
      revision = file.toString("utf8", text, textEnd);
    }
    at = start + align(textEnd - start);
  }
  if (at !== end || file.readUInt32LE(start + 12) !== 0) {
    throw new ArtifactError("its trailer's entries do not fill it");
  }
  if (hasControl(revision)) throw new ArtifactError("its revision holds a control character");
  return revision;
}

/** The digest of the trailer in `file[start..end)`. */
export function trailerDigest(file: Uint8Array, start: number, end: number): Buffer {
  return createHash("sha256")
    .update(file.subarray(DIGEST_OFFSET, DIGEST_OFFSET + DIGEST_BYTES))
    .update(file.subarray(start, end))
    .digest();
}

/** The next multiple of 8: where a section or an entry may begin. */
export function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
