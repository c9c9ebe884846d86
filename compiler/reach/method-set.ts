/**
 * Method sets: some methods, or all but some.
 */

export interface MethodSet {
  readonly names: ReadonlySet<string>;
  /** The methods that are not in `names`. */
  readonly isNegated: boolean;
}

export const ANY_METHOD: MethodSet = { names: new Set(), isNegated: true };

/** The set of a list as services give it: the empty list is every method. */
export function methodsOf(list: readonly string[]): MethodSet {
  return list.length === 0 ? ANY_METHOD : { names: new Set(list), isNegated: false };
}

export function intersect(a: MethodSet, b: MethodSet): MethodSet {
  if (a.isNegated && b.isNegated) {
    return { names: new Set([...a.names, ...b.names]), isNegated: true };
  }
  const [some, other] = a.isNegated ? [b, a] : [a, b];
  const names = [...some.names].filter((name) => other.names.has(name) !== other.isNegated);
  return { names: new Set(names), isNegated: false };
}

export function complement({ names, isNegated }: MethodSet): MethodSet {
  return { names, isNegated: !isNegated };
}

/** A method of the set, a usual one where there is one; undefined where there is none. */
export function methodIn({ names, isNegated }: MethodSet): string | undefined {
  if (!isNegated) return USUAL.find((name) => names.has(name)) ?? [...names].toSorted()[0];
  const usual = USUAL.find((name) => !names.has(name));
  if (usual !== undefined) return usual;
  let name = "X";
  while (names.has(name)) name += "X";
  return name;
}

const USUAL = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
