/**
 * Race: the attempts of one request that are under way at the same time: one, and where the request is
 * hedged another one beside it. The one that leads gets the request's body; the first good answer wins,
 * and the other attempt is called off.
 *
 * Only a request without a body has two, so that neither has to wait for what the other was sent.
 */
import type { Outcome } from "../pool/outcome.ts";
import type { Runtime } from "../runtime.ts";
import { Attempt, type AttemptUser } from "./attempt.ts";

export class Race {
  #leader: Attempt;
  #other: Attempt | undefined;

  constructor(runtime: Runtime, user: AttemptUser) {
    this.#leader = new Attempt(runtime, user);
  }

  /** The attempt that the request's body goes to, and its answer comes from; the last one where it is over. */
  get leader(): Attempt {
    return this.#leader;
  }

  /** The attempt to be made beside the leader, which is under way alone. */
  second(): Attempt {
    return (this.#other ??= this.#leader.twin());
  }

  /** The other attempt, where it is under way. */
  beside(attempt: Attempt): Attempt | undefined {
    const other = attempt === this.#leader ? this.#other : this.#leader;
    return other?.isActive === true ? other : undefined;
  }

  /** This attempt leads from now on. */
  lead(attempt: Attempt): void {
    if (attempt === this.#leader) return;
    this.#other = this.#leader;
    this.#leader = attempt;
  }

  /** This attempt's answer is the one: the other attempt is called off. */
  win(attempt: Attempt): void {
    const other = this.beside(attempt);
    this.lead(attempt);
    other?.end("aborted");
  }

  /** Ends what is under way. */
  end(outcome: Outcome): void {
    this.#leader.end(outcome);
    this.#other?.end(outcome);
  }
}
