/**
 * The hash of the artifact's tables (hosts, trie edges, backends of a pool): FNV-1a over bytes, then
 * the finaliser of MurmurHash3 with a seed. Written here because the matcher computes it byte by byte
 * as it scans.
 */

/** FNV-1a 32-bit offset basis and prime (http://www.isthe.com/chongo/tech/comp/fnv/). */
export const FNV_BASIS = 0x811c9dc5;
export const FNV_PRIME = 0x01000193;

/** Mixes a byte hash with the row it belongs under (parent node, host kind). Unsigned 32 bits. */
export function finish(hash: number, seed: number): number {
  let h = hash ^ Math.imul(seed + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of an edge: the bytes of the label, `start` to `end`, below `parent`. */
export function edgeHash(parent: number, bytes: Uint8Array, start: number, end: number): number {
  let h = FNV_BASIS;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME);
  return finish(h, parent);
}

/**
 * Hash of a host: its bytes from last to first, so that one pass over a request's host meets every
 * suffix (`com`, `example.com`, …) on the way to the whole.
 */
export function hostHash(kind: number, name: Uint8Array): number {
  let h = FNV_BASIS;
  for (let i = name.length - 1; i >= 0; i--) h = Math.imul(h ^ name[i]!, FNV_PRIME);
  return finish(h, kind);
}

/** Hash of what a request is balanced by (an address, a path, a field's value): `start` to `end`. */
export function keyHash(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let h = FNV_BASIS;
  for (let i = start; i < end; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME);
  return finish(h, 0);
}

/** Slots of a table for `count` entries: a power of two, at most half full, never without a gap. */
export function slotCount(count: number): number {
  let slots = 4;
  while (slots < count * 2) slots *= 2;
  return slots;
}
