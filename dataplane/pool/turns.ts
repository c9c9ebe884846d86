/**
 * Turns: how often each pool of a generation has been asked, counted for all workers together, so that
 * "one after the other" holds for the process and not only for a thread.
 */
import { RowReader, type View } from "../../artifact/view.ts";

/** One counter a pool, in the order of the artifact's pools. */
export type Turns = Uint32Array<SharedArrayBuffer>;

/** The counters of a generation; pools that `before` had too go on where they were. */
export function createTurns(view: View, before?: { view: View; turns: Turns }): Turns {
  const pools = new RowReader(view, "pools");
  const turns = new Uint32Array(
    new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT * Math.max(pools.count, 1)),
  );
  if (before === undefined) return turns;
  const counts = new Map<string, number>();
  const poolsBefore = new RowReader(before.view, "pools");
  for (let row = 0; row < poolsBefore.count; row++) {
    // Most of a large artifact's pools have never been asked; their names need not be read.
    const count = Atomics.load(before.turns, row);
    if (count > 0) counts.set(poolsBefore.text(row, "key"), count);
  }
  if (counts.size === 0) return turns;
  for (let row = 0; row < pools.count; row++) turns[row] = counts.get(pools.text(row, "key")) ?? 0;
  return turns;
}

/** The counter of one pool. */
export class Turn {
  readonly #turns: Turns;
  readonly #row: number;

  constructor(turns: Turns, row: number) {
    this.#turns = turns;
    this.#row = row;
  }

  /** Whose turn it is among `count`; the next call gives the one after, whichever worker makes it. */
  next(count: number): number {
    return Atomics.add(this.#turns, this.#row, 1) % count;
  }
}
