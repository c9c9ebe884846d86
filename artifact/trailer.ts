/**
 * The trailer: what a file says that is not content: the source revision and signatures. The digest of
 * the content does not change with it. It has a digest of its own, which covers the content's too,
 * so that a trailer belongs to one content.
 */
import { ArtifactError } from "./artifact-error.ts";
import { cryptoModule } from "./crypto-module.ts";
import {
  DIGEST_BYTES,
  DIGEST_OFFSET,
  KEY_ID_BYTES,
  REVISION_BYTES_MAX,
  SIGNATURE_BYTES,
  SIGNATURES_MAX,
  TRAILER_ENTRY_HEADER_BYTES,
  TRAILER_ENTRY_REVISION,
  TRAILER_ENTRY_SIGNATURE,
  TRAILER_HEADER_BYTES,
  TRAILER_MAGIC,
} from "./layout.ts";
import { hasControl } from "./text.ts";

export interface Trailer {
  /** "" where none is stamped. */
  revision: string;
  signatures: readonly Signature[];
}

/** A signature that is there; whether it holds is for signature.ts to say. */
export interface Signature {
  /** Of the key that it says it was made with, 16 hex digits. */
  keyId: string;
  /** Ed25519, 64 bytes. */
  bytes: Uint8Array;
}

/**
 * The bytes of a trailer, its digest not among them.
 *
 * @throws RangeError when the revision is too long or holds a control character, or when there are too
 * many signatures
 */
export function sealTrailer({ revision, signatures }: Trailer): Uint8Array {
  const text = Buffer.from(revision, "utf8");
  if (text.length > REVISION_BYTES_MAX) {
    throw new RangeError(`the revision is longer than ${REVISION_BYTES_MAX} bytes`);
  }
  if (hasControl(revision)) throw new RangeError("the revision holds a control character");
  if (signatures.length > SIGNATURES_MAX) {
    throw new RangeError(`there are more than ${SIGNATURES_MAX} signatures`);
  }
  const entries = [
    ...(revision === "" ? [] : [entryOf(TRAILER_ENTRY_REVISION, text)]),
    ...signatures.map(({ keyId, bytes }) =>
      entryOf(TRAILER_ENTRY_SIGNATURE, Buffer.concat([Buffer.from(keyId, "hex"), bytes])),
    ),
  ];
  const header = Buffer.alloc(TRAILER_HEADER_BYTES);
  const trailer = Buffer.concat([header, ...entries]);
  trailer.write(TRAILER_MAGIC, 0, "latin1");
  trailer.writeUInt32LE(trailer.length, 4);
  trailer.writeUInt32LE(entries.length, 8);
  return trailer;
}

/** One entry, padded with zeros. */
function entryOf(kind: number, content: Uint8Array): Buffer {
  const entry = Buffer.alloc(align(TRAILER_ENTRY_HEADER_BYTES + content.length));
  entry.writeUInt32LE(kind, 0);
  entry.writeUInt32LE(content.length, 4);
  entry.set(content, TRAILER_ENTRY_HEADER_BYTES);
  return entry;
}

/**
 * Reads the trailer that begins at `start` and ends the file; there is room for its header and its
 * digest. Entries of an unknown kind are passed over.
 *
 * @throws ArtifactError
 */
export function openTrailer(file: Buffer, start: number, isVerified = false): Trailer {
  const end = start + file.readUInt32LE(start + 4);
  const magic = file.toString("latin1", start, start + 4);
  if (magic !== TRAILER_MAGIC || end + DIGEST_BYTES !== file.length) {
    throw new ArtifactError("its trailer is not where the file ends: truncated or appended to");
  }
  if (!isVerified && !trailerDigest(file, start, end).equals(file.subarray(end))) {
    throw new ArtifactError("its trailer does not match its digest: corrupted");
  }
  const revisions: string[] = [];
  const signatures: Signature[] = [];
  let at = start + TRAILER_HEADER_BYTES;
  for (let left = file.readUInt32LE(start + 8); left > 0; left--) {
    const from = at + TRAILER_ENTRY_HEADER_BYTES;
    const to = from > end ? Infinity : from + file.readUInt32LE(at + 4);
    if (to > end) throw new ArtifactError("its trailer's entries are out of range");
    const kind = file.readUInt32LE(at);
    const content = file.subarray(from, to);
    if (kind === TRAILER_ENTRY_REVISION) revisions.push(readRevision(content));
    if (kind === TRAILER_ENTRY_SIGNATURE) signatures.push(readSignature(content));
    at = start + align(to - start);
    if (file.subarray(to, Math.min(at, end)).some((byte) => byte !== 0)) {
      throw new ArtifactError("the padding of its trailer is not zero");
    }
  }
  if (at !== end || file.readUInt32LE(start + 12) !== 0) {
    throw new ArtifactError("its trailer's entries do not fill it");
  }
  if (revisions.length > 1) throw new ArtifactError("it is stamped with more than one revision");
  if (signatures.length > SIGNATURES_MAX) {
    throw new ArtifactError(`it has more than ${SIGNATURES_MAX} signatures`);
  }
  return { revision: revisions[0] ?? "", signatures };
}

/** Nothing has two readings: what is not UTF-8 would read like its replacement characters. */
function readRevision(content: Buffer): string {
  const text = content.toString("utf8");
  if (hasControl(text)) throw new ArtifactError("its revision holds a control character");
  if (!Buffer.from(text, "utf8").equals(content)) {
    throw new ArtifactError("its revision is not UTF-8");
  }
  return text;
}

function readSignature(content: Buffer): Signature {
  if (content.length !== KEY_ID_BYTES + SIGNATURE_BYTES) {
    throw new ArtifactError(`its trailer has a signature of ${content.length} bytes`);
  }
  return {
    keyId: content.toString("hex", 0, KEY_ID_BYTES),
    bytes: content.subarray(KEY_ID_BYTES),
  };
}

/** The digest of the trailer in `file[start..end)`. */
export function trailerDigest(file: Uint8Array, start: number, end: number): Buffer {
  return cryptoModule()
    .createHash("sha256")
    .update(file.subarray(DIGEST_OFFSET, DIGEST_OFFSET + DIGEST_BYTES))
    .update(file.subarray(start, end))
    .digest();
}

/** The next multiple of 8: where a section or an entry may begin. */
export function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
