/**
 * An array of at least a length, for whoever makes nearly the same again and again: what there is, or a new one with
 * more room, which takes no memory until it is used. Memory that is fresh costs the system 5 ms a megabyte at worst.
 *
 * @param known what it may hold is of no use any more
 */
export function roomFor<T extends Uint8Array | Uint32Array>(length: number, known: T): T {
  if (length <= known.length) return known;
  return new (known.constructor as new (length: number) => T)(length + (length >> 2));
}
