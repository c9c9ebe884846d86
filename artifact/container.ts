/**
 * The container: header, section table, sections, trailer. Seals bytes with their digest and opens
 * them again; knows nothing of what the sections mean (that is layout.ts and verify.ts).
 */
import { ArtifactError } from "./artifact-error.ts";
import { cryptoModule } from "./crypto-module.ts";
import {
  ARTIFACT_BYTES_MAX,
  DIGEST_BYTES,
  DIGEST_OFFSET,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  SECTION_ENTRY_BYTES,
  SECTIONS_MAX,
  TRAILER_HEADER_BYTES,
} from "./layout.ts";
import { roomFor } from "./room-for.ts";
import {
  align,
  openTrailer,
  sealTrailer,
  type Signature,
  type Trailer,
  trailerDigest,
} from "./trailer.ts";

export { ArtifactError } from "./artifact-error.ts";

/** One section as bytes; `rowBytes` is 1 for plain bytes. */
export interface Section {
  bytes: Uint8Array;
  rowBytes: number;
}

/** What an opened container says of itself. `sections` are views of the given bytes. */
export interface Container {
  /** SHA-256 of the content, 64 hex digits. */
  digest: string;
  /** Source revision stamped by `--revision`, "" when none was. */
  revision: string;
  /** None of them has been checked. */
  signatures: readonly Signature[];
  sections: Section[];
}

/**
 * Puts sections into one file.
 *
 * @param revision stamped into the trailer, outside the digest
 * @param spare a file made here that nobody reads any more: where the new one fits, all its memory is used again
 * @throws RangeError when the file would be larger than ARTIFACT_BYTES_MAX, or when the revision is
 * too long or holds a control character
 */
export function seal(sections: readonly Section[], revision = "", spare?: Uint8Array): Uint8Array {
  let end = align(HEADER_BYTES + sections.length * SECTION_ENTRY_BYTES);
  const offsets = sections.map(({ bytes }) => {
    const offset = end;
    end = align(end + bytes.byteLength);
    return offset;
  });
  const trailer = sealTrailer({ revision, signatures: [] });
  const size = end + trailer.byteLength + DIGEST_BYTES;
  if (size > ARTIFACT_BYTES_MAX) {
    throw new RangeError(`the artifact would be ${size} bytes, more than ${ARTIFACT_BYTES_MAX}`);
  }
  const room = spare === undefined ? new Uint8Array(size) : roomFor(size, wholeOf(spare));
  const file = Buffer.from(room.buffer, 0, size);
  file.fill(0, 0, offsets[0] ?? end);
  file.write(MAGIC, 0, "latin1");
  file.writeUInt32LE(FORMAT_VERSION, 8);
  file.writeUInt32LE(sections.length, 12);
  file.writeUInt32LE(end, 16);
  sections.forEach(({ bytes, rowBytes }, index) => {
    const entry = HEADER_BYTES + index * SECTION_ENTRY_BYTES;
    file.writeUInt32LE(offsets[index]!, entry);
    file.writeUInt32LE(bytes.byteLength, entry + 4);
    file.writeUInt32LE(rowBytes, entry + 8);
    file.set(bytes, offsets[index]);
    file.fill(0, offsets[index]! + bytes.byteLength, offsets[index + 1] ?? end);
  });
  file.set(trailer, end);
  return reseal(file);
}

/** All of the memory that a file lies in, with the room behind it. */
function wholeOf({ buffer }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

/**
 * A copy of a file with another trailer; its content is not looked at.
 *
 * @throws RangeError as `seal` does, and when there are too many signatures
 */
export function restamp(file: Uint8Array, trailer: Trailer): Uint8Array {
  const end = contentEnd(file);
  const bytes = sealTrailer(trailer);
  const stamped = new Uint8Array(end + bytes.length + DIGEST_BYTES);
  stamped.set(file.subarray(0, end));
  stamped.set(bytes, end);
  stamped.set(trailerDigest(stamped, end, end + bytes.length), end + bytes.length);
  return stamped;
}

/**
 * Writes both digests anew over whatever else the file says. `seal` ends with it; so does a test that
 * wants to know what happens behind the digests.
 */
export function reseal(file: Uint8Array): Uint8Array {
  const end = contentEnd(file);
  const trailerEnd = file.byteLength - DIGEST_BYTES;
  file.set(contentDigest(file, end), DIGEST_OFFSET);
  file.set(trailerDigest(file, end, trailerEnd), trailerEnd);
  return file;
}

/**
 * Opens a file: checks magic, version, sizes, both digests and the section table.
 *
 * @param isVerified these very bytes have been opened before: the digests are not computed again
 * @throws ArtifactError naming what is wrong
 */
export function openContainer(bytes: Uint8Array, isVerified = false): Container {
  const size = bytes.byteLength;
  if (bytes.byteOffset % 8 !== 0) throw new ArtifactError("the buffer is not 8-byte aligned");
  if (size < HEADER_BYTES) {
    throw new ArtifactError(`it is ${size} bytes long, shorter than a header: torn or empty`);
  }
  if (size > ARTIFACT_BYTES_MAX) {
    throw new ArtifactError(`it is ${size} bytes long, more than ${ARTIFACT_BYTES_MAX}`);
  }
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, size);
  if (file.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new ArtifactError("it does not begin as an artifact does: wrong file");
  }
  const version = file.readUInt32LE(8);
  if (version !== FORMAT_VERSION) {
    const reads = `this Balto reads ${FORMAT_VERSION}`;
    throw new ArtifactError(`its format version is ${version}, ${reads}: compile it anew`);
  }
  const end = file.readUInt32LE(16);
  const least = end + TRAILER_HEADER_BYTES + DIGEST_BYTES;
  if (size < least) {
    throw new ArtifactError(`it is ${size} bytes long, at least ${least} are due: truncated`);
  }
  const digest = file.subarray(DIGEST_OFFSET, DIGEST_OFFSET + DIGEST_BYTES);
  const isSound = end >= HEADER_BYTES && end % 8 === 0;
  if (!isSound || (!isVerified && !digest.equals(contentDigest(file, end)))) {
    throw new ArtifactError("its digest does not match its content: corrupted");
  }
  return {
    digest: digest.toString("hex"),
    ...openTrailer(file, end, isVerified),
    sections: openSections(file, end),
  };
}

/** The sections of the table stand one behind the other, each at a multiple of 8, and fill the file. */
function openSections(file: Buffer, end: number): Section[] {
  const sections: Section[] = [];
  const count = file.readUInt32LE(12);
  let next = align(HEADER_BYTES + count * SECTION_ENTRY_BYTES);
  if (count > SECTIONS_MAX || next > end) {
    throw new ArtifactError(`its section count ${count} is out of range`);
  }
  if (file.subarray(20, DIGEST_OFFSET).some((byte) => byte !== 0)) {
    throw new ArtifactError("the reserved bytes of its header are not zero");
  }
  for (let index = 0; index < count; index++) {
    const entry = HEADER_BYTES + index * SECTION_ENTRY_BYTES;
    const offset = file.readUInt32LE(entry);
    const length = file.readUInt32LE(entry + 4);
    const rowBytes = file.readUInt32LE(entry + 8);
    const isWhole = rowBytes !== 0 && length % rowBytes === 0;
    if (
      offset !== next ||
      offset + length > end ||
      !isWhole ||
      file.readUInt32LE(entry + 12) !== 0
    ) {
      throw new ArtifactError(`its section ${index} is out of range`);
    }
    next = align(offset + length);
    sections.push({ bytes: file.subarray(offset, offset + length), rowBytes });
  }
  if (next !== end) throw new ArtifactError(`its sections end at ${next}, not at ${end}`);
  return sections;
}

/** Where the header says that the trailer begins. */
function contentEnd(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(16, true);
}

/** The header up to the digest, then everything from the section table on. */
function contentDigest(file: Uint8Array, end: number): Buffer {
  return cryptoModule()
    .createHash("sha256")
    .update(file.subarray(0, DIGEST_OFFSET))
    .update(file.subarray(HEADER_BYTES, end))
    .digest();
}
