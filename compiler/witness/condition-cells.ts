/**
 * Condition cells: methods, header fields and query parameters, divided into classes that the
 * conditions of some routes do not tell apart, each with values that stand for it.
 *
 * Only what can decide is divided: a condition is looked at when every route before it is out. So a
 * thousand routes told apart by one header have a thousand cells, whatever else they ask.
 */
import type { Predicate, PredicateSubject } from "../../artifact/model.ts";
import type { Conditions } from "../../artifact/route-specificity.ts";
import { valueAtoms } from "./value-atoms.ts";

/** What a request of the cell sends, beside its host and path. */
export interface ConditionCell {
  method: string;
  /** Fields and parameters that are sent; all others are not. */
  sent: { subject: PredicateSubject; name: string; value: string }[];
}

/** Far more than routes of one path have. */
const CELLS_MAX = 200_000;

/**
 * Calls `visit` for every cell that the first routes of some lists, each in the order in which it is
 * tried, tell apart: in each list another route wins, or other methods are allowed.
 *
 * @returns false where there were too many cells to look at all of them
 */
export function forEachConditionCell(
  orders: readonly (readonly Conditions[])[],
  visit: (cell: ConditionCell) => void,
): boolean {
  const search = new Search(orders, visit);
  search.run();
  return search.isComplete && search.cells < CELLS_MAX;
}

/** One thing that conditions are about, and the values that are worth trying. */
interface Variable {
  subject: PredicateSubject | "method";
  name: string;
  values: readonly (string | undefined)[];
}

/** A condition: for which values of its variable it holds. */
interface Condition {
  variable: number;
  holdsFor: ReadonlySet<number>;
}

interface Route {
  method: Condition | undefined;
  predicates: Condition[];
}

const UNDECIDED = -1;

class Search {
  cells = 0;
  isComplete = true;
  readonly #variables: Variable[] = [];
  readonly #orders: Route[][];
  readonly #visit: (cell: ConditionCell) => void;
  /** A position in the values of each variable, or UNDECIDED. */
  readonly #chosen: number[];

  constructor(orders: readonly (readonly Conditions[])[], visit: (cell: ConditionCell) => void) {
    this.#visit = visit;
    const all = orders.flat();
    this.#addMethods(all);
    const byPredicate = this.#addPredicates(all);
    this.#orders = orders.map((order) =>
      order.map(({ methods, predicates }) => ({
        method: methods.length === 0 ? undefined : this.#methodCondition(methods),
        predicates: predicates.map((predicate) => byPredicate.get(textOf(predicate))!),
      })),
    );
    this.#chosen = this.#variables.map(() => UNDECIDED);
  }

  run(): void {
    if (this.cells >= CELLS_MAX) return;
    const variable = this.#nextVariable();
    if (variable === undefined) {
      this.cells++;
      this.#visit(this.#cell());
      return;
    }
    const { values } = this.#variables[variable]!;
    for (let value = 0; value < values.length; value++) {
      this.#chosen[variable] = value;
      this.run();
    }
    this.#chosen[variable] = UNDECIDED;
  }

  /** What has to be decided next; undefined where in every list the answer is known. */
  #nextVariable(): number | undefined {
    for (const order of this.#orders) {
      const variable = this.#nextOf(order);
      if (variable !== undefined) return variable;
    }
    return undefined;
  }

  #nextOf(order: readonly Route[]): number | undefined {
    // Where no route wins, those that only the method keeps out say which methods are allowed.
    let ofAllowed: number | undefined;
    for (const { method, predicates } of order) {
      const open = this.#openOf(predicates);
      if (open === "fails") continue;
      const takes = method === undefined || this.#holds(method);
      if (takes === undefined) return method!.variable;
      if (!takes) ofAllowed ??= open;
      else return open;
    }
    return ofAllowed;
  }

  /** The first undecided variable of some conditions, undefined where all of them hold. */
  #openOf(conditions: readonly Condition[]): number | "fails" | undefined {
    let open: number | undefined;
    for (const condition of conditions) {
      const holds = this.#holds(condition);
      if (holds === false) return "fails";
      if (holds === undefined) open ??= condition.variable;
    }
    return open;
  }

  #holds({ variable, holdsFor }: Condition): boolean | undefined {
    const value = this.#chosen[variable]!;
    return value === UNDECIDED ? undefined : holdsFor.has(value);
  }

  #cell(): ConditionCell {
    let method = "GET";
    const sent: ConditionCell["sent"] = [];
    for (const [index, { subject, name, values }] of this.#variables.entries()) {
      const chosen = this.#chosen[index]!;
      const value = chosen === UNDECIDED ? undefined : values[chosen];
      if (value === undefined) continue;
      if (subject === "method") method = value;
      else sent.push({ subject, name, value });
    }
    return { method, sent };
  }

  #addMethods(routes: readonly Conditions[]): void {
    const named = new Set(routes.flatMap(({ methods }) => methods));
    const other = COMMON_METHODS.find((method) => !named.has(method)) ?? unnamed(named);
    const values = [...named, other].toSorted((a, b) => rank(a) - rank(b));
    this.#variables.push({ subject: "method", name: "", values });
  }

  #methodCondition(methods: readonly string[]): Condition {
    const { values } = this.#variables[0]!;
    return { variable: 0, holdsFor: new Set(methods.map((method) => values.indexOf(method))) };
  }

  /** Adds a variable for each subject and name; gives the condition of each predicate by its text. */
  #addPredicates(routes: readonly Conditions[]): Map<string, Condition> {
    const byName = new Map<string, Map<string, Predicate>>();
    for (const predicate of routes.flatMap(({ predicates }) => predicates)) {
      const key = `${predicate.subject} ${predicate.name}`;
      const group = byName.get(key) ?? new Map<string, Predicate>();
      byName.set(key, group.set(textOf(predicate), predicate));
    }
    const conditions = new Map<string, Condition>();
    for (const group of byName.values()) {
      const predicates = [...group.values()];
      const { subject, name } = predicates[0]!;
      const { atoms, isComplete } = valueAtoms(predicates);
      this.isComplete &&= isComplete;
      const variable = this.#variables.length;
      this.#variables.push({ subject, name, values: atoms.map(({ value }) => value) });
      const sets = predicates.map(() => new Set<number>());
      for (const [index, { holds }] of atoms.entries())
        for (const one of holds) sets[one]!.add(index);
      for (const [index, text] of [...group.keys()].entries()) {
        conditions.set(text, { variable, holdsFor: sets[index]! });
      }
    }
    return conditions;
  }
}

const COMMON_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/** The commonest first: it is what a witness has where the method does not matter. */
function rank(method: string): number {
  const at = COMMON_METHODS.indexOf(method);
  return at === -1 ? COMMON_METHODS.length : at;
}

function unnamed(named: ReadonlySet<string>): string {
  let method = "OTHER";
  for (let n = 2; named.has(method); n++) method = `OTHER${n}`;
  return method;
}

function textOf({ subject, name, kind, value }: Predicate): string {
  return `${subject} ${name} ${kind} ${value}`;
}
