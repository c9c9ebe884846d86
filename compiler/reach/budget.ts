/**
 * The budget of a question whose answer may be too dear: conditions can be combined into puzzles, and a
 * compiler that does not end is worse than one that says it does not know.
 */

/** Thrown when a question has cost too much. */
export class OverBudget extends Error {
  override name = "OverBudget";
}

export class Budget {
  #left = 0;
  #total: number;
  readonly #each: number;

  /**
   * @param total steps for all questions together; one is some microseconds
   * @param each steps for one question
   */
  constructor(total: number, each: number) {
    this.#total = total;
    this.#each = each;
  }

  /** Begins a question. */
  begin(): void {
    this.#left = Math.min(this.#each, this.#total);
  }

  /** @throws OverBudget */
  spend(steps: number): void {
    this.#left -= steps;
    this.#total -= steps;
    if (this.#left < 0) throw new OverBudget();
  }
}
