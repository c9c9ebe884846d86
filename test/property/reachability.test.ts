// Reachability against an oracle: every request of a universe small enough to be enumerated, and large
// enough to hold one of each kind that the routes can tell apart, is put to the matcher that serves.

import fc from "fast-check";
import { expect, test } from "vitest";

import { encode } from "../../artifact/encode.ts";
import { Matcher } from "../../artifact/match.ts";
import type { Predicate, PredicateKind } from "../../artifact/model.ts";
import { requestParts, type RequestParts } from "../../artifact/request-parts.ts";
import { comparePredicates } from "../../artifact/route-specificity.ts";
import { openArtifact } from "../../artifact/view.ts";
import { compile } from "../../compiler/compile.ts";
import type { Diagnostic } from "../../compiler/diagnostic.ts";
import { modelOf } from "../fixtures/artifact-model.ts";
import { holds, matchPattern, rank, takes } from "./reference-matcher.ts";
import { effort, seed } from "./seed.ts";
import { type RoutedRequest, type RoutedService, withoutClashes } from "./services.ts";

const VALUES: Record<PredicateKind, string[]> = {
  exact: ["a", "ab"],
  prefix: ["a", "ab", "b"],
  regex: ["a.*", "[ab]", "(?:ab)+", ".*b"],
  present: [""],
  absent: [""],
};
const kind = fc.constantFrom<PredicateKind>("exact", "prefix", "regex", "present", "absent");
const predicate: fc.Arbitrary<Predicate> = fc
  .record({ subject: fc.constantFrom("header" as const, "query" as const), kind })
  .chain((start) =>
    fc.constantFrom(...VALUES[start.kind]).map((value) => ({ ...start, name: "x", value })),
  );
const conditions = fc
  .uniqueArray(predicate, { minLength: 1, maxLength: 2, selector: (one) => JSON.stringify(one) })
  .map((list) => list.toSorted(comparePredicates));
const step = fc.constantFrom("a", ":");
const anyPattern = fc.tuple(fc.array(step, { maxLength: 2 }), fc.boolean()).map(([steps, rest]) => {
  const parts = steps.map((text, index) => (text === ":" ? `:p${index}` : text));
  return `/${[...parts, ...(rest ? ["*"] : [])].join("/")}`;
});
const pattern = fc.oneof(anyPattern, fc.constantFrom("/a", "/a/*"));
const service: fc.Arbitrary<RoutedService> = fc.record({
  domains: fc.constantFrom(["a"], ["a"], ["a", "*.a"], ["a", "*"], ["*.a", "*"], ["*"]),
  pattern,
  methods: fc.constantFrom([], [], ["GET"], ["PUT"], ["GET", "PUT"]),
  predicates: fc.oneof(
    { weight: 1, arbitrary: fc.constant<Predicate[]>([]) },
    { weight: 2, arbitrary: conditions },
  ),
  priority: fc.constantFrom(0, 0, 0, 5, -5),
});
/** Services that only their conditions tell apart, or nothing does. */
const neighbour: fc.Arbitrary<RoutedService> = fc.record({
  domains: fc.constant(["a"]),
  pattern: fc.constant("/a"),
  methods: fc.constantFrom([], ["GET"]),
  // Two different expressions for one value are what most often ties.
  predicates: fc.oneof(
    { weight: 1, arbitrary: conditions },
    {
      weight: 1,
      arbitrary: predicate.filter(({ kind: key }) => key === "exact").map((one) => [one]),
    },
    {
      weight: 3,
      arbitrary: predicate.filter(({ kind: key }) => key === "regex").map((one) => [one]),
    },
  ),
  priority: fc.constant(0),
});
const crowd = (one: fc.Arbitrary<RoutedService>, most: number) =>
  fc.array(one, { minLength: 3, maxLength: most, size: "max" });
const services = fc
  .oneof(
    crowd(service, 10),
    crowd(neighbour, 5),
    fc.tuple(crowd(service, 6), crowd(neighbour, 4)).map((lists) => lists.flat()),
  )
  .map(withoutClashes);

/** A host for each domain, as all hosts of a domain are alike. */
const HOSTS: Record<string, string> = { a: "a", "*.a": "any.a", "*": "any.example" };
const METHODS = ["GET", "PUT", "POST"];
/** `x` is what no pattern writes out; patterns end before the fourth segment. */
const PATHS = texts(["a", "x"], 4).map((parts) => `/${parts.join("/")}`);
/** One value of each kind that the predicates above tell apart. */
const ONE_OF_EACH = kindsOf(texts(["a", "b", "c"], 5).map((parts) => parts.join("")));
/** Fields and queries, one of each kind beside each other. */
const PARTS = ONE_OF_EACH.flatMap((field) =>
  ONE_OF_EACH.map((parameter) => {
    const fields: [string, string][] = field === undefined ? [] : [["X", field]];
    const query = parameter === undefined ? undefined : `x=${parameter}`;
    return { fields, query, ...requestParts(fields, query) };
  }),
);

test("what is said to be out of reach is, what ties does, and every witness goes where it should", () => {
  const seen = {
    requests: 0,
    unreachable: 0,
    "on a host": 0,
    ties: 0,
    shadows: 0,
    fine: 0,
    witnesses: 0,
  };
  const property = fc.property(services, (given) => {
    const list = given.map((one, index) => ({ ...one, name: `s${index}` }));
    // That hosts have no start page is nothing to this.
    const diagnostics = compile(treeOf(list)).diagnostics.filter(({ code }) => code !== "BAL5015");
    const said = diagnostics.filter(({ code }) => /^BAL(4|5)1/.test(code));
    expect(diagnostics.filter((one) => !said.includes(one))).toEqual([]);
    const asked = new Asking(list);
    const truth = asked.everything();
    seen.requests += asked.count;

    const named = (code: string) =>
      said
        .filter((one) => one.code === code)
        .map(({ location }) => list[location.start.line - 2]!.name);
    expect(named("BAL5103")).toEqual([]);
    expect(new Set(named("BAL4101"))).toEqual(new Set(truth.unreachable));
    expect(new Set(named("BAL5102"))).toEqual(new Set(truth.onHost));
    expect(new Set(named("BAL4102"))).toEqual(new Set(truth.ties));
    seen.unreachable += truth.unreachable.length;
    seen["on a host"] += truth.onHost.length;
    seen.ties += truth.ties.length;
    if (said.length === 0) seen.fine++;

    for (const diagnostic of said) {
      seen.witnesses += checkWitnesses(diagnostic, asked);
      if (diagnostic.code === "BAL5101") seen.shadows++;
    }
  });
  fc.assert(property, { seed, numRuns: 120 * effort });
  expect(seen.requests).toBeGreaterThan(20_000);
  // Trees about which there is nothing to say are rare.
  for (const [what, count] of Object.entries(seen)) expect([what, count > 0]).toEqual([what, true]);
}, 120_000);

/** Checks what a diagnostic says of requests; gives how many it named. */
function checkWitnesses({ code, message }: Diagnostic, asked: Asking): number {
  const requests = [...message.matchAll(/\S+ http:\/\/\S+(?: -H "(?:[^"\\]|\\.)*")*/g)].map(
    ([text]) => requestOf(text),
  );
  const names = [...message.matchAll(/"(s[0-9]+)"/g)].map((match) => match[1]!);
  const takers = requests.map((request) => asked.taker(request));
  if (code === "BAL4101" || code === "BAL5102") {
    if (requests.length === 0) return 0;
    expect(takers).toEqual([names[1]]);
    return 1;
  }
  const [first, second] = requests as [RoutedRequest, RoutedRequest];
  if (code === "BAL4102") {
    expect(asked.best(first)).toEqual(expect.arrayContaining(names));
    return 1;
  }
  // The first goes to the one that is warned of, the second still to the other.
  expect(asked.best(first)).toContain(names[0]);
  expect(asked.best(first)).not.toContain(names[1]);
  expect(asked.best(second)).toContain(names[1]);
  return 2;
}

type Named = RoutedService & { name: string };

/** One tree and its artifact. */
class Asking {
  count = 0;
  readonly #services: readonly Named[];
  readonly #matcher: Matcher;

  constructor(services: readonly Named[]) {
    this.#services = services;
    this.#matcher = new Matcher(openArtifact(encode(modelOf(services))));
  }

  /** Who takes a request, by the matcher. */
  taker({ method, host, path, fields, query }: RoutedRequest): string | undefined {
    return this.#taken(host, method, path, requestParts(fields, query));
  }

  #taken(host: string, method: string, path: string, parts: RequestParts): string | undefined {
    const [m, h, p] = [method, host, path].map((text) => Buffer.from(text)) as Buffer[];
    const row = this.#matcher.host(h!, 0, h!.length);
    const bit = this.#matcher.methodBit(m!, 0, m!.length);
    const route = this.#matcher.match(row, bit, p!, 0, p!.length, parts.head, parts.input);
    this.count++;
    return this.#services[route]?.name;
  }

  /** Who could take a request, those that nothing tells apart together. */
  best(request: RoutedRequest): string[] {
    const domain = Object.keys(HOSTS).find((key) => HOSTS[key] === request.host)!;
    const takers = this.#services.filter(
      (service) =>
        service.domains.includes(domain) &&
        takes(service, request) &&
        matchPattern(service.pattern, request.path) !== undefined &&
        service.predicates.every((predicate) => holds(predicate, request)),
    );
    return firstOf(takers);
  }

  /** Asks for everything. What each service takes is looked up beforehand: there is much to ask. */
  everything(): { unreachable: string[]; onHost: string[]; ties: string[] } {
    const services = this.#services.toSorted(rank);
    const reached = new Map(services.map(({ name }) => [name, new Set<string>()]));
    const ties = new Set<string>();
    const byPath = PATHS.map((path) =>
      services.filter(({ pattern }) => matchPattern(pattern, path) !== undefined),
    );
    const byParts = PARTS.map(
      (parts) =>
        new Set(services.filter(({ predicates }) => predicates.every((one) => holds(one, parts)))),
    );
    for (const domain of new Set(services.flatMap(({ domains }) => domains))) {
      const host = HOSTS[domain]!;
      for (const method of METHODS) {
        for (const [p, path] of PATHS.entries()) {
          const onPath = byPath[p]!.filter(
            (one) => one.domains.includes(domain) && takes(one, { method }),
          );
          for (const [i, parts] of PARTS.entries()) {
            const best = firstOf(onPath.filter((one) => byParts[i]!.has(one)));
            const taker = this.#taken(host, method, path, parts);
            if (taker === undefined ? best.length > 0 : !best.includes(taker)) {
              throw new Error(`${method} ${host}${path} ${JSON.stringify(parts)}: ${taker}`);
            }
            for (const name of best) reached.get(name)!.add(domain);
            // In the order of the files: of those that tie all but the first are reported.
            for (const name of best.toSorted().slice(1)) ties.add(name);
          }
        }
      }
    }
    const missing = services.filter(
      ({ name, domains }) => reached.get(name)!.size < domains.length,
    );
    const isNowhere = ({ name }: Named): boolean => reached.get(name)!.size === 0;
    return {
      unreachable: missing.filter(isNowhere).map(({ name }) => name),
      onHost: missing.filter((one) => !isNowhere(one)).map(({ name }) => name),
      ties: [...ties],
    };
  }
}

/** The names of those that come first, more than one where nothing tells them apart. */
function firstOf(takers: readonly Named[]): string[] {
  const best = takers.filter((a) => takers.every((b) => rank(a, b) <= 0));
  return best.map(({ name }) => name);
}

/** One service a line, from line 2 on. */
function treeOf(services: readonly Named[]) {
  const lines = services.map(
    ({ name, domains, pattern: path_prefix, methods, predicates, priority }) => {
      const list = (subject: string) =>
        predicates
          .filter((one) => one.subject === subject)
          .map(({ name: field, kind: key, value }) =>
            key === "present" || key === "absent"
              ? { name: field, present: key === "present" }
              : { name: field, [key]: value },
          );
      const match = {
        ...(list("header").length > 0 && { headers: list("header") }),
        ...(list("query").length > 0 && { query: list("query") }),
      };
      const rest = methods.length > 0 ? { methods } : {};
      return `  - ${JSON.stringify({ name, domains, path_prefix, match, priority, ...rest, ports: [1] })}\n`;
    },
  );
  return {
    files: [{ path: "services/all.yaml", content: Buffer.from(`services:\n${lines.join("")}`) }],
  };
}

/** A request as diagnostics write it. */
function requestOf(text: string): RoutedRequest {
  const [request, ...headers] = text.split(/ -H (?=")/) as [string, ...string[]];
  const [method, target] = request.split(" ") as [string, string];
  const [, host, path, query] = /^http:\/\/([^/]*)([^?]*)(?:\?(.*))?$/.exec(target)!;
  return {
    method,
    host: host!,
    path: path!,
    query,
    fields: headers.map((header): [string, string] => {
      const [name, value] = (JSON.parse(header) as string).split(/: (.*)/s) as [string, string];
      return [name, value];
    }),
  };
}

/** All lists of `letters` with at most `length` members. */
function texts(letters: readonly string[], length: number): string[][] {
  if (length === 0) return [[]];
  const shorter = texts(letters, length - 1);
  const longest = shorter.filter((list) => list.length === length - 1);
  return [...shorter, ...longest.flatMap((list) => letters.map((letter) => [...list, letter]))];
}

function kindsOf(values: readonly string[]): (string | undefined)[] {
  const kinds = new Map<string, string>();
  for (const value of values) {
    const key = [
      ...VALUES.exact.map((text) => value === text),
      ...VALUES.prefix.map((text) => value.startsWith(text)),
      ...VALUES.regex.map((text) => new RegExp(`^(?:${text})$`).test(value)),
    ].join();
    if (!kinds.has(key)) kinds.set(key, value);
  }
  return [undefined, ...kinds.values()];
}
