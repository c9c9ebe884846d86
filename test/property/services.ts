/**
 * Generators of services and requests over alphabets so small that everything collides: hosts with
 * wildcards, literals with parameters, methods with methods, predicates with predicates.
 */
import fc from "fast-check";

import type { Predicate, PredicateKind } from "../../artifact/model.ts";
import { comparePredicates } from "../../artifact/route-specificity.ts";

/** What the matcher goes by. */
export interface RoutedService {
  domains: string[];
  pattern: string;
  methods: string[];
  predicates: Predicate[];
  priority: number;
}

/** One request, in the normal form that the data plane hands to the matcher. */
export interface RoutedRequest {
  method: string;
  host: string;
  path: string;
  /** Header fields as they come; names in any case, some twice. */
  fields: [name: string, value: string][];
  /** Without "?"; undefined where there is none. */
  query: string | undefined;
}

const label = fc.constantFrom("a", "b");
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
const domain = fc.oneof(
  { weight: 4, arbitrary: name },
  { weight: 4, arbitrary: name.map((text) => `*.${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("*", "[::1]") },
);
const literal = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b") },
  { weight: 1, arbitrary: fc.constantFrom("A", "ab", "a%2Fb", "%C3%A9", "..;") },
);
const step = fc.oneof(
  { weight: 3, arbitrary: literal },
  { weight: 2, arbitrary: fc.constant(":") },
);
const pattern = fc.tuple(fc.array(step, { maxLength: 4 }), fc.boolean()).map(([steps, rest]) => {
  const parts = steps.map((text, index) => (text === ":" ? `:p${index}` : text));
  return `/${[...parts, ...(rest ? ["*"] : [])].join("/")}`;
});
const method: fc.Arbitrary<string> = fc.constantFrom("GET", "PUT", "POST", "get");
const methods: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<string[]>([]) },
  { weight: 3, arbitrary: fc.uniqueArray(method, { minLength: 1, maxLength: 2 }) },
);

const values: Record<PredicateKind, fc.Arbitrary<string>> = {
  exact: fc.constantFrom("", "a", "ab", "a, b", "a b", "a+b"),
  prefix: fc.constantFrom("a", "ab", "b"),
  regex: fc.constantFrom("a.*", "[ab]+", "b?", "(?i)A|b", "[^a]*"),
  present: fc.constant(""),
  absent: fc.constant(""),
};
const predicate: fc.Arbitrary<Predicate> = fc
  .record({
    subject: fc.constantFrom("header" as const, "query" as const),
    kind: fc.constantFrom("exact" as const, "prefix", "regex", "present", "absent"),
    name: fc.constantFrom("x", "y-z"),
  })
  .chain((start) => values[start.kind].map((value) => ({ ...start, value })));
const predicates: fc.Arbitrary<Predicate[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Predicate[]>([]) },
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(predicate, {
        minLength: 1,
        maxLength: 2,
        selector: (one) => JSON.stringify(one),
      })
      .map((list) => list.toSorted(comparePredicates)),
  },
);

/** Services of one tree; no two of them take one request with one pattern. */
export const routedServices: fc.Arbitrary<RoutedService[]> = fc
  .array(
    fc.record({
      domains: fc.uniqueArray(domain, { minLength: 1, maxLength: 3 }),
      pattern,
      methods: methods.map((names) => names.toSorted()),
      predicates,
      priority: fc.constantFrom(0, 0, 0, 0, 10, -1000, 1000),
    }),
    { minLength: 1, maxLength: 40, size: "max" },
  )
  .map(withoutClashes);

const slashes = fc.constantFrom("/", "/", "/", "//", "///");
const path = fc
  .tuple(
    fc.array(fc.tuple(slashes, fc.oneof(literal, fc.constantFrom("c", ":p0", "*"))), {
      maxLength: 5,
    }),
    fc.constantFrom("", "", "/", "//"),
  )
  .map(([steps, end]) => steps.map((pair) => pair.join("")).join("") + end || "/");
const host = fc.oneof(
  { weight: 6, arbitrary: name },
  { weight: 1, arbitrary: name.map((text) => text.toUpperCase()) },
  { weight: 1, arbitrary: name.map((text) => `c${text}`) },
  { weight: 1, arbitrary: name.map((text) => `c.${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "[::1]", ".a", "a.", "a..b", "ba.b") },
);

const fieldValue = fc.constantFrom("", "a", "ab", "b", "ba", "a, b", "c");
const fields = fc.array(
  fc.tuple(fc.constantFrom("x", "X", "y-z", "Y-Z", "y_z", "other"), fieldValue),
  { maxLength: 4 },
);
const query = fc.oneof(
  fc.constant(undefined),
  fc
    .array(
      fc.constantFrom(
        "x",
        "x=",
        "x=a",
        "x=%61b",
        "%78=ab",
        "y-z=b",
        "y%2Dz=a+b",
        "x=a%20b",
        "=a",
        "",
        "xx=a",
        "x=%zz",
        "x=%6",
      ),
      { maxLength: 4 },
    )
    .map((pairs) => pairs.join("&")),
);

/** Requests that such services may or may not take. */
export const routedRequest: fc.Arbitrary<RoutedRequest> = fc.record({
  method: fc.oneof({ weight: 8, arbitrary: method }, { weight: 1, arbitrary: fc.constant("X") }),
  host,
  path,
  fields,
  query,
});

/** Leaves out the domains of a service on which another one asks for the same already. */
export function withoutClashes(services: readonly RoutedService[]): RoutedService[] {
  const taken = new Set<string>();
  return services.flatMap((service) => {
    const shape = service.pattern.replaceAll(/:[^/]+/g, ":");
    const keysOn = (text: string) =>
      (service.methods.length === 0 ? ["any"] : service.methods).map(
        (m) => `${m} ${text} ${shape} ${service.priority} ${JSON.stringify(service.predicates)}`,
      );
    const domains = service.domains.filter((text) => keysOn(text).every((key) => !taken.has(key)));
    for (const key of domains.flatMap(keysOn)) taken.add(key);
    return domains.length === 0 ? [] : [{ ...service, domains }];
  });
}
