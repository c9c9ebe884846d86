import fc from "fast-check";
import { expect, test } from "vitest";

import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { accepts, compileRegex } from "../../artifact/regex/automaton.ts";
import type { Predicate } from "../../artifact/model.ts";
import type { Conditions } from "../../artifact/route-specificity.ts";
import {
  type ConditionCell,
  forEachConditionCell,
} from "../../compiler/witness/condition-cells.ts";
import { forEachCell } from "../../compiler/witness/path-cells.ts";
import { valueAtoms } from "../../compiler/witness/value-atoms.ts";
import { effort, seed } from "./seed.ts";

const LABELS = ["a", "b", "c"];
/** No label: stands for every other segment. */
const OTHER = "other";
const DEPTH = 4;

const pattern = fc
  .tuple(fc.array(fc.constantFrom(...LABELS, ":p"), { maxLength: DEPTH }), fc.boolean())
  .map(([steps, rest]) => {
    const parts = steps.map((text, index) => (text === ":p" ? `:p${index}` : text));
    return `/${[...parts, ...(rest ? ["*"] : [])].join("/")}`;
  });
const entries = fc.uniqueArray(
  fc.record({ pattern, isMarked: fc.integer({ max: 3, min: 0 }).map((number) => number === 0) }),
  { selector: (entry) => entry.pattern, maxLength: 14, size: "max" },
);

test("the path cells are all sets of patterns with a marked one that some path meets", () => {
  const paths = allPaths();
  const seen = { cells: 0, trees: 0 };
  const property = fc.property(entries, (list) => {
    const steps = list.map((entry) => entry.pattern.split("/").filter((step) => step !== ""));
    const meets = (path: readonly string[]) => {
      return list.filter((_, index) => takes(steps[index]!, path)).map((entry) => entry.pattern);
    };
    const isMarked = (one: string) => list.some((entry) => entry.pattern === one && entry.isMarked);
    const expected = new Set(
      paths
        .map((path) => meets(path))
        .filter((set) => set.some(isMarked))
        .map((set) => set.toSorted().join(" ")),
    );
    const found = new Set<string>();
    const whole = forEachCell(
      list.map((entry) => ({
        pattern: parsePattern(entry.pattern) as Pattern,
        value: entry.pattern,
        isMarked: entry.isMarked,
      })),
      ({ path, values }) => {
        const here = meets(path.split("/").filter((segment) => segment !== ""));
        expect({ path, values: values.toSorted() }).toEqual({ path, values: here.toSorted() });
        const key = here.toSorted().join(" ");
        expect(found).not.toContain(key);
        found.add(key);
        seen.cells++;
      },
    );
    seen.trees++;
    expect(whole).toBe(true);
    expect([...found].toSorted()).toEqual([...expected].toSorted());
  });
  fc.assert(property, { seed, numRuns: 1_500 * effort });
  expect(seen.cells).toBeGreaterThan(seen.trees * 3);
}, 60_000);

const TEXTS = ["", "a", "b", "ab", "ba", "abc", "x", "xa", "z9", "a b", "é"];
const predicate: fc.Arbitrary<Predicate> = fc
  .constantFrom<[Predicate["kind"], string][]>(
    ["exact", "a"],
    ["exact", "ab"],
    ["exact", ""],
    ["exact", "x"],
    ["prefix", "a"],
    ["prefix", "ab"],
    ["prefix", "x"],
    ["regex", "[ab]+"],
    ["regex", "a.*"],
    ["regex", "[^a]*"],
    ["regex", "x?y?z?"],
    ["regex", "a *b"],
    ["present", ""],
    ["absent", ""],
  )
  .map(([kind, value]) => ({ subject: "header", name: "x", kind, value }));
const predicates = fc.uniqueArray(predicate, { selector: textOf, minLength: 1, maxLength: 5 });
const value = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: fc.constantFrom("a", "b", "x", "y", "z", "c"), maxLength: 5 }),
);

test("every value is in the class of one that stands for it", () => {
  const property = fc.property(predicates, fc.array(value, { maxLength: 40 }), (list, values) => {
    const { atoms, isComplete } = valueAtoms(list);
    expect(isComplete).toBe(true);
    for (const atom of atoms) {
      const expected = list.flatMap((one, index) => (holds(one, atom.value) ? [index] : []));
      expect({ value: atom.value, holds: atom.holds }).toEqual({
        value: atom.value,
        holds: expected,
      });
    }
    const classes = new Set(atoms.map((atom) => atom.holds.join()));
    for (const text of [undefined, ...values]) {
      const key = list.flatMap((one, index) => (holds(one, text) ? [index] : [])).join();
      expect({ list, text, isThere: classes.has(key) }).toEqual({ list, text, isThere: true });
    }
  });
  fc.assert(property, { seed, numRuns: 1_000 * effort });
}, 60_000);

test("what is too much to go through is said", () => {
  const puzzle = (count: number): Predicate => {
    return { subject: "header", name: "x", kind: "regex", value: `(?:a{${count}})+` };
  };
  expect(valueAtoms([97, 89, 83].map(puzzle)).isComplete).toBe(false);
});

const routes: fc.Arbitrary<Conditions[]> = fc.array(
  fc.record({
    methods: fc.subarray(["GET", "POST"]),
    predicates: fc
      .array(fc.tuple(predicate, fc.constantFrom("header" as const, "query" as const)), {
        maxLength: 2,
      })
      .map((list) => list.map(([one, subject]) => ({ ...one, subject }))),
  }),
  { maxLength: 5 },
);

test("the condition cells show every pair of answers that two lists of routes can give", () => {
  const requests = fc.array(
    fc.record({
      method: fc.constantFrom("GET", "POST", "DELETE"),
      header: fc.option(value, { nil: undefined }),
      query: fc.option(value, { nil: undefined }),
    }),
    { minLength: 30, maxLength: 30 },
  );
  const property = fc.property(routes, routes, requests, (one, two, list) => {
    const shown = new Set<string>();
    const whole = forEachConditionCell([one, two], (cell) => {
      const { header, query } = sentOf(cell);
      shown.add([one, two].map((order) => answer(order, cell.method, header, query)).join(" | "));
    });
    expect(whole).toBe(true);
    for (const { method, header, query } of list) {
      const pair = [one, two].map((order) => answer(order, method, header, query)).join(" | ");
      expect({ method, header, query, pair, isShown: shown.has(pair) }).toMatchObject({
        isShown: true,
      });
    }
  });
  fc.assert(property, { seed, numRuns: 1_000 * effort });
}, 60_000);

/** All paths of labels and others, some deeper than any pattern. */
function allPaths(): string[][] {
  const paths: string[][] = [[]];
  for (let from = 0, depth = 0; depth <= DEPTH; depth++) {
    const to = paths.length;
    for (; from < to; from++)
      for (const text of [...LABELS, OTHER]) paths.push([...paths[from]!, text]);
  }
  return paths;
}

function takes(steps: readonly string[], path: readonly string[]): boolean {
  const rest = steps.at(-1) === "*";
  const fixed = rest ? steps.slice(0, -1) : steps;
  if (rest ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((step, index) => step.startsWith(":") || step === path[index]);
}

function holds({ kind, value: wanted }: Predicate, text: string | undefined): boolean {
  if (kind === "absent") return text === undefined;
  if (text === undefined) return false;
  if (kind === "exact") return text === wanted;
  if (kind === "prefix") return text.startsWith(wanted);
  if (kind === "present") return true;
  const automaton = compileRegex(wanted);
  if ("reason" in automaton) throw new Error(automaton.reason);
  return accepts(automaton, Buffer.from(text));
}

function sentOf({ sent }: ConditionCell): { header?: string; query?: string } {
  return Object.fromEntries(sent.map(({ subject, value: text }) => [subject, text]));
}

/** Who takes a request, or which methods are allowed. */
function answer(
  order: readonly Conditions[],
  method: string,
  header: string | undefined,
  query: string | undefined,
): string {
  const fitting = order.filter((route) =>
    route.predicates.every((one) => holds(one, one.subject === "header" ? header : query)),
  );
  const winner = fitting.find(({ methods }) => methods.length === 0 || methods.includes(method));
  if (winner !== undefined) return `route ${order.indexOf(winner)}`;
  return `allow ${[...new Set(fitting.flatMap(({ methods }) => methods))].toSorted().join()}`;
}

function textOf({ subject, name, kind, value: text }: Predicate): string {
  return `${subject} ${name} ${kind} ${text}`;
}
