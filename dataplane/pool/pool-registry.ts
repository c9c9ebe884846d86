/**
 * Pool registry: the pools of one worker by key, over all generations.
 */
import { Pool, type PoolContext, type PoolSpec } from "./pool.ts";

export class PoolRegistry {
  readonly #context: PoolContext;
  readonly #pools = new Map<string, { pool: Pool; generation: object }>();

  constructor(context: PoolContext) {
    this.#context = context;
  }

  /** The pool of a key, brought to what `generation` says of it. */
  use(generation: object, spec: PoolSpec): Pool {
    const known = this.#pools.get(spec.key);
    if (known === undefined) {
      const pool = new Pool(spec, this.#context);
      this.#pools.set(spec.key, { pool, generation });
      return pool;
    }
    if (known.generation !== generation) {
      known.generation = generation;
      known.pool.update(spec);
    }
    return known.pool;
  }

  /** Lets go of pools that `generation` has not used although it has served for a while. */
  sweep(generation: object): void {
    for (const [key, { pool, generation: last }] of this.#pools) {
      if (last === generation) continue;
      pool.close();
      this.#pools.delete(key);
    }
  }
}
