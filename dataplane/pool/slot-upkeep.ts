/**
 * Slot upkeep: the main thread sees to it that there is room for what an artifact names, and gives back
 * what no artifact names and nobody uses any more.
 */
import { setImmediate as pause } from "node:timers/promises";

import { rowCount, type View } from "../../artifact/view.ts";
import { backendIdentities, poolIdentities } from "./named-identities.ts";
import type { References } from "../references.ts";
import type { PoolState } from "./state/pool-state.ts";
import { SlotSet } from "./state/slot-set.ts";

/** Behind a reload, workers let go of pools within a minute. */
const COLLECT_MS = 90_000;

export class SlotUpkeep {
  readonly #state: PoolState;
  #view: View | undefined;
  #references: References = new Map();
  /** Slots that this artifact names although nobody uses them. */
  readonly #named = new SlotSet();
  #timer: NodeJS.Timeout | undefined;
  /** The collection that is under way. */
  #run: object | undefined;

  constructor(state: PoolState) {
    this.#state = state;
  }

  /** An artifact is about to be served. */
  serve(view: View, references: References): void {
    this.#view = view;
    this.#references = references;
    this.#named.clear();
    this.#run = undefined;
    this.#state.reserve(rowCount(view, "pools") + rowCount(view, "backends"));
    // Names change their endpoints without a reload, so it goes on.
    this.#timer ??= setInterval(() => void this.collect(), COLLECT_MS).unref();
  }

  /**
   * A step at a time: of a hundred thousand pools they take a second together. What is not done when another
   * artifact comes is left to the next time.
   *
   * @returns how many slots were given back
   */
  async collect(): Promise<number> {
    const run = (this.#run = {});
    const steps = this.#state.collect(() => this.#identities(), this.#named);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      await pause();
      if (this.#run !== run) return 0;
    }
  }

  stop(): void {
    this.#run = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  *#identities(): Generator<string> {
    if (this.#view === undefined) return;
    yield* poolIdentities(this.#view);
    yield* backendIdentities(this.#view, this.#references);
  }
}
