/**
 * Rules: a policy of pools, made ready for the way of a request. All pools with the policy share them.
 */
import type { PoolPolicy, StatusRange } from "../../artifact/model.ts";
import type { Outcome } from "./outcome.ts";

const BREAKER = 1;
const PASSIVE = 2;
const STATUSES = 1_000;
const OUTCOMES: readonly Outcome[] = ["success", "breaker-status", "passive-status", "status"];

/** The rules of a policy, made when it is asked for them first. */
export function rulesOf(policy: PoolPolicy): Rules {
  let rules = RULES.get(policy);
  if (rules === undefined) RULES.set(policy, (rules = new Rules(policy)));
  return rules;
}

const RULES = new WeakMap<PoolPolicy, Rules>();

export class Rules {
  readonly policy: PoolPolicy;
  /** What answers with each status count as. */
  readonly #statuses = new Uint8Array(STATUSES);

  constructor(policy: PoolPolicy) {
    this.policy = policy;
    this.#mark(policy.breaker?.statuses, BREAKER);
    this.#mark(policy.passive?.statuses, PASSIVE);
  }

  /** How a request has ended whose answer has this status. */
  outcomeOf(status: number): Outcome {
    return OUTCOMES[this.#statuses[status] ?? 0]!;
  }

  #mark(ranges: readonly StatusRange[] | undefined, bit: number): void {
    for (const { first, last } of ranges ?? []) {
      for (let status = first; status <= last; status++) this.#statuses[status]! |= bit;
    }
  }
}
