/**
 * The reference matcher: what compat and docs/routing.md say of hosts, priorities, patterns, methods
 * and predicates, in the plainest words, on strings. Slow and obvious: it looks at every route, and chooses among those that match. It shares
 * no code with artifact/.
 */
import type { Predicate } from "../../artifact/model.ts";
import type { RoutedRequest, RoutedService } from "./services.ts";

/** What a request meets. Offsets count from the start of the path. */
export type Answer =
  | { kind: "route"; route: number; rest: number; parameters: string[] }
  | { kind: "no route" }
  | { kind: "no method"; allowed: string[] };

interface Match {
  route: number;
  service: RoutedService;
  rest: number;
  parameters: string[];
}

/** The answer for a request among the services of a tree. */
export function referenceMatch(services: readonly RoutedService[], request: RoutedRequest): Answer {
  const matches = matchesOf(services, request);
  if (matches.length === 0) return { kind: "no route" };
  const takers = matches.filter(({ service }) => takes(service, request));
  const [best] = takers.toSorted((a, b) => compare(a.service, b.service));
  if (best === undefined) {
    const allowed = new Set(matches.flatMap(({ service }) => service.methods));
    return { kind: "no method", allowed: [...allowed].toSorted() };
  }
  return { kind: "route", route: best.route, rest: best.rest, parameters: best.parameters };
}

function matchesOf(services: readonly RoutedService[], request: RoutedRequest): Match[] {
  const domain = domainFor(services, request.host);
  return services.flatMap((service, route): Match[] => {
    if (domain === undefined || !service.domains.includes(domain)) return [];
    if (!service.predicates.every((predicate) => holds(predicate, request))) return [];
    const match = matchPattern(service.pattern, request.path);
    return match === undefined ? [] : [{ route, service, ...match }];
  });
}

/** True where a service takes the method of a request. */
export function takes(
  { methods }: RoutedService,
  { method }: Pick<RoutedRequest, "method">,
): boolean {
  return methods.length === 0 || methods.includes(method);
}

/** Exact host, then the longest wildcard, then any. The choice is final. */
function domainFor(services: readonly RoutedService[], host: string): string | undefined {
  const domains = services.flatMap((service) => service.domains);
  const name = host.toLowerCase();
  if (domains.includes(name)) return name;
  const wildcards = domains.filter((domain) => {
    const suffix = domain.slice(1);
    return domain.startsWith("*.") && name.endsWith(suffix) && name.length > suffix.length;
  });
  const [longest] = wildcards.toSorted((a, b) => b.length - a.length);
  return longest ?? domains.find((domain) => domain === "*");
}

/** Segment by segment; empty segments of the path are not there. */
export function matchPattern(
  pattern: string,
  path: string,
): { rest: number; parameters: string[] } | undefined {
  const steps = pattern.split("/").filter((step) => step !== "");
  const hasRest = steps.at(-1) === "*";
  if (hasRest) steps.pop();
  const segments = [...path.matchAll(/[^/]+/g)];
  if (hasRest ? segments.length < steps.length : segments.length !== steps.length) return undefined;

  const parameters: string[] = [];
  let rest = 0;
  for (const [index, step] of steps.entries()) {
    const segment = segments[index]!;
    if (step.startsWith(":")) parameters.push(segment[0]);
    else if (step !== segment[0]) return undefined;
    rest = segment.index + segment[0].length;
  }
  return { rest, parameters };
}

/** One condition, on the value that the request has for it. */
export function holds(
  { subject, name, kind, value }: Predicate,
  request: Pick<RoutedRequest, "fields" | "query">,
): boolean {
  const have = subject === "header" ? headerOf(request, name) : parameterOf(request, name);
  switch (kind) {
    case "present":
      return have !== undefined;
    case "absent":
      return have === undefined;
    case "exact":
      return have === value;
    case "prefix":
      return have?.startsWith(value) === true;
    case "regex": {
      const folds = value.startsWith("(?i)");
      const expression = new RegExp(`^(?:${value.replace("(?i)", "")})$`, folds ? "i" : "");
      return have !== undefined && expression.test(have);
    }
  }
}

function headerOf({ fields }: Pick<RoutedRequest, "fields">, name: string): string | undefined {
  const lines = fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return lines.length === 0 ? undefined : lines.filter((value) => value !== "").join(", ");
}

function parameterOf({ query }: Pick<RoutedRequest, "query">, name: string): string | undefined {
  const decoded = (text: string) =>
    text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  for (const pair of query?.split("&") ?? []) {
    const [key, ...value] = pair.split("=");
    if (pair !== "" && decoded(key!) === name) return decoded(value.join("="));
  }
  return undefined;
}

/**
 * Which of two services that both match comes first: the higher priority; at the first segment where they differ a
 * literal, then a parameter, then `*`; a pattern that ends there comes before a `*` that takes
 * nothing. With one pattern, the one that asks for more, as docs/routing.md counts it.
 */
export function rank(a: RoutedService, b: RoutedService): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  const rankA = ranksOf(a.pattern);
  const rankB = ranksOf(b.pattern);
  for (let index = 0; index < Math.max(rankA.length, rankB.length); index++) {
    const difference = (rankA[index] ?? 0) - (rankB[index] ?? 0);
    if (difference !== 0) return difference;
  }
  const askedA = asked(a);
  const askedB = asked(b);
  for (const [index, count] of askedA.entries()) {
    if (count !== askedB[index]) return askedB[index]! - count;
  }
  return 0;
}

/** As `rank`; the last word, which no compiled tree needs, is that of the alphabet. */
function compare(a: RoutedService, b: RoutedService): number {
  const difference = rank(a, b);
  if (difference !== 0) return difference;
  const textA = [JSON.stringify(a.predicates), a.methods.toSorted().join()];
  const textB = [JSON.stringify(b.predicates), b.methods.toSorted().join()];
  const first = textA[0] === textB[0] ? 1 : 0;
  return textA[first]! < textB[first]! ? -1 : 1;
}

function asked({ methods, predicates }: RoutedService): number[] {
  const count = (subject: string, ...kinds: string[]) =>
    predicates.filter((one) => one.subject === subject && kinds.includes(one.kind)).length;
  const all = ["exact", "prefix", "regex", "present", "absent"];
  const named = Number(methods.length > 0);
  return [
    named + predicates.length,
    named,
    count("header", ...all),
    ...all.map((kind) => count("header", kind)),
    ...all.map((kind) => count("query", kind)),
    predicates.reduce((sum, { kind, value }) => sum + (kind === "prefix" ? value.length : 0), 0),
  ];
}

function ranksOf(pattern: string): number[] {
  const steps = pattern.split("/").filter((step) => step !== "");
  return steps.map((step) => (step === "*" ? 3 : step.startsWith(":") ? 2 : 1));
}
