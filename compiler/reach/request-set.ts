/**
 * Request sets: what is left of the requests to one path: methods, and values of the fields and
 * parameters that conditions name. From such a set the requests of other routes are taken away; what
 * remains is a request, or nothing.
 */
import type { Predicate, PredicateSubject } from "../../artifact/model.ts";
import type { Conditions } from "../../artifact/route-specificity.ts";
import type { Budget } from "./budget.ts";
import {
  ANY_METHOD,
  complement,
  intersect,
  methodIn,
  methodsOf,
  type MethodSet,
} from "./method-set.ts";
import { ANY_VALUE, isSurelyDisjoint, type ValueSet, where, whereNot } from "./value-set.ts";
import { ABSENT, type Values } from "./values.ts";

/** The requests that meet a method set and the value sets; what has no set may be anything. */
export interface RequestSet {
  readonly methods: MethodSet;
  readonly values: ReadonlyMap<string, Variable>;
}

interface Variable {
  readonly subject: PredicateSubject;
  readonly name: string;
  readonly set: ValueSet;
}

/** One request of a set. Values are byte strings; what is not named may be left out. */
export interface Member {
  method: string;
  fields: [name: string, value: string][];
  query: [name: string, value: string][];
}

/** The requests that meet conditions. */
export function requestsOf({ methods, predicates }: Conditions, within = ALL): RequestSet {
  let set: RequestSet = { ...within, methods: intersect(within.methods, methodsOf(methods)) };
  for (const predicate of predicates) set = narrowed(set, predicate, where);
  return set;
}

const ALL: RequestSet = { methods: ANY_METHOD, values: new Map() };

export class RequestSearch {
  readonly #values: Values;
  readonly #budget: Budget;

  constructor(values: Values, budget: Budget) {
    this.#values = values;
    this.#budget = budget;
  }

  /**
   * A request of `set` that meets none of `others`, or undefined where there is none.
   *
   * @throws OverBudget
   */
  memberOutside(set: RequestSet, others: readonly Conditions[]): Member | undefined {
    return this.#outside(set, others, 0);
  }

  #outside(all: RequestSet, others: readonly Conditions[], from: number): Member | undefined {
    let set = all;
    for (let i = from; i < others.length; i++) {
      this.#budget.spend(1);
      const other = others[i]!;
      if (isDisjoint(set, other)) continue;
      const parts = partsOutside(set, other);
      if (parts.length === 1) {
        // Nothing to choose: whether anything is left is asked at the end.
        set = parts[0]!;
        continue;
      }
      for (const part of parts) {
        if (this.#member(part) === undefined) continue;
        const member = this.#outside(part, others, i + 1);
        if (member !== undefined) return member;
      }
      return undefined;
    }
    return this.#member(set);
  }

  #member({ methods, values }: RequestSet): Member | undefined {
    const method = methodIn(methods);
    if (method === undefined) return undefined;
    const member: Member = { method, fields: [], query: [] };
    for (const { subject, name, set } of values.values()) {
      const value = this.#values.member(set, subject);
      if (value === undefined) return undefined;
      if (value !== ABSENT) member[subject === "header" ? "fields" : "query"].push([name, value]);
    }
    return member;
  }

  /** True where a request, as `memberOutside` gives it, meets conditions. */
  meets({ method, fields, query }: Member, { methods, predicates }: Conditions): boolean {
    if (methods.length > 0 && !methods.includes(method)) return false;
    return predicates.every((predicate) => {
      const pairs = predicate.subject === "header" ? fields : query;
      const value = pairs.find(([name]) => name === predicate.name)?.[1];
      return this.#values.holds(predicate, value ?? ABSENT);
    });
  }
}

/** `set` without the requests of `other`, as sets that have nothing in common; none where nothing is left. */
function partsOutside(set: RequestSet, other: Conditions): RequestSet[] {
  const parts: RequestSet[] = [];
  let inside = set;
  if (other.methods.length > 0) {
    const methods = methodsOf(other.methods);
    const rest = intersect(inside.methods, complement(methods));
    if (rest.isNegated || rest.names.size > 0) parts.push({ ...inside, methods: rest });
    inside = { ...inside, methods: intersect(inside.methods, methods) };
  }
  for (const predicate of other.predicates) {
    parts.push(narrowed(inside, predicate, whereNot));
    inside = narrowed(inside, predicate, where);
  }
  return parts;
}

function isDisjoint({ methods, values }: RequestSet, other: Conditions): boolean {
  if (other.methods.length > 0) {
    const common = intersect(methods, methodsOf(other.methods));
    if (!common.isNegated && common.names.size === 0) return true;
  }
  return other.predicates.some((predicate) => {
    const variable = values.get(keyOf(predicate));
    return variable !== undefined && isSurelyDisjoint(variable.set, predicate);
  });
}

function narrowed(
  { methods, values }: RequestSet,
  predicate: Predicate,
  narrow: (set: ValueSet, predicate: Predicate) => ValueSet,
): RequestSet {
  const { subject, name } = predicate;
  const key = keyOf(predicate);
  const before = values.get(key)?.set ?? ANY_VALUE;
  const copy = new Map(values);
  copy.set(key, { subject, name, set: narrow(before, predicate) });
  return { methods, values: copy };
}

function keyOf({ subject, name }: Predicate): string {
  return `${subject} ${name}`;
}
