/**
 * Specificity: which of several routes with one host, priority and pattern is tried first.
 *
 * 1. More conditions come first; a list of methods is one, each predicate is one.
 * 2. One that names methods comes first.
 * 3. More header predicates come first.
 * 4. Of the header predicates, more `exact` ones, then more `prefix`, `regex`, `present` ones.
 * 5. The same for the query.
 * 6. Longer prefixes (their bytes added up) come first.
 *
 * Routes that none of this tells apart are equal: where one request meets both, the compiler refuses
 * them. The order of files never matters.
 */
import { byText } from "./by-text.ts";
import {
  type Predicate,
  PREDICATE_KINDS,
  PREDICATE_SUBJECTS,
  type PredicateSubject,
} from "./model.ts";

/** What is asked of a request beside host and path. */
export interface Conditions {
  readonly methods: readonly string[];
  readonly predicates: readonly Predicate[];
}

/** Negative where `a` is tried before `b`, 0 where they are equal. */
export function compareSpecificity(a: Conditions, b: Conditions): number {
  if (a.predicates.length === 0 && b.predicates.length === 0) {
    return Number(a.methods.length === 0) - Number(b.methods.length === 0);
  }
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  for (let i = 0; i < rankA.length; i++) {
    const difference = rankB[i]! - rankA[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The order in which a model lists predicates: by subject, name, kind and value. */
export function comparePredicates(a: Predicate, b: Predicate): number {
  return (
    PREDICATE_SUBJECTS.indexOf(a.subject) - PREDICATE_SUBJECTS.indexOf(b.subject) ||
    byText(a.name, b.name) ||
    PREDICATE_KINDS.indexOf(a.kind) - PREDICATE_KINDS.indexOf(b.kind) ||
    byText(a.value, b.value)
  );
}

/** Higher numbers are more specific, the first one that differs decides. */
function rankOf({ methods, predicates }: Conditions): number[] {
  const named = methods.length === 0 ? 0 : 1;
  const headers = predicates.filter(({ subject }) => subject === "header").length;
  const prefixes = predicates.filter(({ kind }) => kind === "prefix");
  return [
    predicates.length + named,
    named,
    headers,
    ...kindCounts(predicates, "header"),
    ...kindCounts(predicates, "query"),
    prefixes.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0),
  ];
}

function kindCounts(predicates: readonly Predicate[], subject: PredicateSubject): number[] {
  return PREDICATE_KINDS.map(
    (kind) => predicates.filter((one) => one.subject === subject && one.kind === kind).length,
  );
}
