// Random: numbers that a seed gives again, for tests that try very many things.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next 32 bits (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return this.next() % count;
  }

  /** True so often. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Mostly the first list's, seldom the second's. */
  mostly<T>(usual: readonly T[], odd: readonly T[], oddness = 0.04): T {
    return this.pick(this.chance(oddness) ? odd : usual);
  }

  /** Cuts bytes into pieces, at up to `most` places. */
  pieces(bytes: Buffer, most: number): Buffer[] {
    const cuts = Array.from({ length: this.below(most + 1) }, () => this.below(bytes.length + 1));
    const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
    let start = 0;
    return ends.flatMap((end) => {
      if (end === start) return [];
      const piece = Buffer.from(bytes.subarray(start, end));
      start = end;
      return [piece];
    });
  }
}
