/**
 * Pool registry: the pools of one worker by key, over all generations.
 */
import { Pool, type PoolContext, type PoolSpec } from "./pool.ts";

/** Which pools are let go although they might be asked for again. */
export interface Forgetting {
  /** So many stay, whatever they are. */
  keptMin: number;
  /** It is somebody's who need not ask for it. */
  isHeld(pool: Pool): boolean;
  /** One has been let go. */
  onForgotten(): void;
}

export class PoolRegistry {
  readonly #context: PoolContext;
  readonly #pools = new Map<string, Pool>();
  #generation = 0;
  /** Where the round that looks for forgettable pools is; undefined between two of them. */
  #round: Iterator<Pool, undefined> | undefined;

  constructor(context: PoolContext) {
    this.#context = context;
  }

  /** How many there are. */
  get size(): number {
    return this.#pools.size;
  }

  /** A generation comes. @returns its number, by which pools know it: one that is not asked for must not keep its artifact */
  begin(): number {
    return ++this.#generation;
  }

  /** The pool of a key, brought to what a generation says of it, unless a later one has said more. */
  use(generation: number, spec: PoolSpec): Pool {
    let pool = this.#pools.get(spec.key);
    if (pool === undefined) {
      pool = new Pool(spec, this.#context);
      this.#pools.set(spec.key, pool);
    } else if (pool.generation < generation) pool.update(spec);
    pool.generation = Math.max(pool.generation, generation);
    return pool;
  }

  /** Lets go of pools that were last used before a generation came, which has been a while. */
  sweep(generation: number): void {
    for (const pool of this.#pools.values()) {
      if (pool.generation < generation) this.#close(pool);
    }
  }

  /**
   * Goes on with a round through all pools, or begins one: those that were not used since the round before
   * and are held by nothing are let go. To be called again until it returns true.
   *
   * @param count how many are looked at
   * @returns true where all have been looked at
   */
  forgetUnused(count: number, { keptMin, isHeld, onForgotten }: Readonly<Forgetting>): boolean {
    this.#round ??= this.#pools.values();
    for (let looked = 0; looked < count; looked++) {
      const pool = this.#round.next().value;
      if (pool === undefined) {
        this.#round = undefined;
        return true;
      }
      const wasUsed = pool.wasUsed;
      pool.wasUsed = false;
      if (wasUsed || this.#pools.size <= keptMin) continue;
      if (isHeld(pool) || !pool.isForgettable) continue;
      this.#close(pool);
      onForgotten();
    }
    return false;
  }

  #close(pool: Pool): void {
    pool.close();
    this.#pools.delete(pool.key);
  }
}
