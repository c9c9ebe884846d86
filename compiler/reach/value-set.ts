/**
 * Value sets: which values of one header field or query parameter are left, as the predicates that must
 * hold and those that must not. Nothing is computed until a member is asked for.
 *
 * Values are byte strings: texts with a character from U+0000 to U+00FF for each byte.
 */
import type { Predicate } from "../../artifact/model.ts";

/** Predicates, the last one first: adding one copies nothing. */
interface Link {
  predicate: Predicate;
  next: Link | undefined;
}

export interface ValueSet {
  readonly mayBeAbsent: boolean;
  readonly mayBePresent: boolean;
  /** The value, where only one is left. */
  readonly exact: string | undefined;
  readonly yes: Link | undefined;
  readonly no: Link | undefined;
}

/** Every value, and none at all. */
export const ANY_VALUE: ValueSet = {
  mayBeAbsent: true,
  mayBePresent: true,
  exact: undefined,
  yes: undefined,
  no: undefined,
};

/** The values of a set for which a predicate holds. */
export function where(set: ValueSet, predicate: Predicate): ValueSet {
  const { kind, value } = predicate;
  if (kind === "absent") return { ...set, mayBePresent: false };
  if (kind === "present") return { ...set, mayBeAbsent: false };
  const yes = { predicate, next: set.yes };
  if (kind !== "exact") return { ...set, mayBeAbsent: false, yes };
  const exact = bytesOf(value);
  // Of two different texts neither is both.
  const isTorn = set.exact !== undefined && exact !== set.exact;
  return { ...set, mayBeAbsent: false, mayBePresent: set.mayBePresent && !isTorn, exact, yes };
}

/** The values of a set for which a predicate does not hold. */
export function whereNot(set: ValueSet, predicate: Predicate): ValueSet {
  const { kind } = predicate;
  if (kind === "absent") return { ...set, mayBeAbsent: false };
  if (kind === "present") return { ...set, mayBePresent: false };
  return { ...set, no: { predicate, next: set.no } };
}

/** True where a look is enough to see that no value of the set meets the predicate. */
export function isSurelyDisjoint(set: ValueSet, { kind, value }: Predicate): boolean {
  if (kind === "absent") return !set.mayBeAbsent;
  if (!set.mayBePresent) return true;
  if (set.exact === undefined) return false;
  if (kind === "exact") return set.exact !== bytesOf(value);
  return kind === "prefix" && !set.exact.startsWith(bytesOf(value));
}

/** The predicates of a chain. */
export function* linked(link: Link | undefined): Generator<Predicate> {
  for (let at = link; at !== undefined; at = at.next) yield at.predicate;
}

/** The UTF-8 of a text as a byte string. */
export function bytesOf(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the range is the point: ASCII
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
}
