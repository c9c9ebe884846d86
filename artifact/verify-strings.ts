/** Verifies texts: they are UTF-8 without control characters, as they go into fields, logs and terminals. */
import { isUtf8 } from "node:buffer";

import { ArtifactError } from "./artifact-error.ts";
import { hasControl } from "./text.ts";

/** Of what is not plain: so much is looked at at once. */
const CHUNK_BYTES = 1 << 16;

/**
 * @param bytes at a multiple of four in their buffer
 * @param ends where each text ends
 * @throws ArtifactError
 */
export function verifyStrings(bytes: Uint8Array, ends: Uint32Array): void {
  if (ends[0] !== 0) throw new ArtifactError("its first string is not empty");
  const isAscii = verifyCharacters(bytes);
  let before = 0;
  for (let id = 0; id < ends.length; id++) {
    const end = ends[id]!;
    if (end < before) throw new ArtifactError("its strings overlap");
    before = end;
  }
  if (before !== bytes.length) throw new ArtifactError("its strings do not fill their section");
  if (isAscii) return;
  for (const end of ends) {
    // A text that began inside a character would end the one before it there.
    if (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) {
      throw new ArtifactError("a string ends inside a character");
    }
  }
  // isUtf8 does not take shared memory.
  if (!isUtf8(new Uint8Array(bytes))) throw new ArtifactError("its strings are not UTF-8");
}

/** @returns true where all are ASCII */
function verifyCharacters(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  const words = new Uint32Array(buffer, byteOffset, length >>> 2);
  let isAscii = true;
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    const end = Math.min(at + CHUNK_BYTES, length);
    if (arePrintable(words, at >>> 2, end >>> 2) && end % 4 === 0) continue;
    // One byte more, for a control character of two bytes that the border cuts.
    const chunk = Buffer.from(buffer, byteOffset + at, Math.min(end + 1, length) - at);
    if (hasControl(chunk.toString("utf8")))
      throw new ArtifactError("its strings hold a control character");
    isAscii &&= chunk.every((byte) => byte < 0x80);
  }
  return isAscii;
}

/**
 * Whether words hold bytes of printable ASCII only, four bytes at a time: most texts of most artifacts do.
 * (Bit Twiddling Hacks, "Determine if a word has a byte less than n".)
 */
function arePrintable(words: Uint32Array, from: number, to: number): boolean {
  let odd = 0;
  for (let at = from; at < to; at++) {
    const word = words[at]!;
    const withoutDel = word ^ 0x7f7f7f7f;
    odd |= word | ((word - 0x20202020) & ~word) | ((withoutDel - 0x01010101) & ~withoutDel);
  }
  return (odd & 0x80808080) === 0;
}
