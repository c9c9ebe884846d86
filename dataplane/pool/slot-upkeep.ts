/**
 * Slot upkeep: the main thread sees to it that there is room for what an artifact names, and gives back
 * what no artifact names and nobody uses any more.
 */
import { rowCount, type View } from "../../artifact/view.ts";
import { backendIdentities, poolIdentities } from "./named-identities.ts";
import type { PoolState } from "./state/pool-state.ts";
import { SlotSet } from "./state/slot-set.ts";

/** Behind a reload, workers let go of pools within a minute. */
const COLLECT_MS = 90_000;

export class SlotUpkeep {
  readonly #state: PoolState;
  #view: View | undefined;
  #resolved: ReadonlyMap<string, string> = new Map();
  /** Slots that this artifact names although nobody uses them. */
  readonly #named = new SlotSet();
  #timer: NodeJS.Timeout | undefined;

  constructor(state: PoolState) {
    this.#state = state;
  }

  /** An artifact is about to be served. */
  serve(view: View, resolved: ReadonlyMap<string, string>): void {
    this.#view = view;
    this.#resolved = resolved;
    this.#named.clear();
    this.#state.reserve(rowCount(view, "pools") + rowCount(view, "backends"));
    // Names change their endpoints without a reload, so it goes on.
    this.#timer ??= setInterval(() => this.collect(), COLLECT_MS).unref();
  }

  /** @returns how many slots were given back */
  collect(): number {
    return this.#state.collect(() => this.#identities(), this.#named);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  *#identities(): Generator<string> {
    if (this.#view === undefined) return;
    yield* poolIdentities(this.#view);
    yield* backendIdentities(this.#view, this.#resolved);
  }
}
