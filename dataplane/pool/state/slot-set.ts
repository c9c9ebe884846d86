/**
 * Slot set: some of the slots, a bit each: there may be a million, and nearly all are in it or none.
 */
export class SlotSet {
  size = 0;
  #words = new Uint32Array(0);

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  add(slot: number): void {
    if (this.has(slot)) return;
    const at = slot >>> 5;
    if (at >= this.#words.length) {
      const words = new Uint32Array(2 * at + 1);
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[at]! |= 1 << (slot & 31);
    this.size++;
  }

  /** @returns false where it was not among them */
  delete(slot: number): boolean {
    if (!this.has(slot)) return false;
    this.#words[slot >>> 5]! &= ~(1 << (slot & 31));
    this.size--;
    return true;
  }

  clear(): void {
    this.size = 0;
    this.#words = new Uint32Array(0);
  }

  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.#words.length; at++) {
      if (this.#words[at] === 0) continue;
      for (let slot = at * 32; slot < (at + 1) * 32; slot++) if (this.has(slot)) yield slot;
    }
  }
}
