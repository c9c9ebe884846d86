/**
 * The reference matcher: what compat says of hosts, patterns and methods, in the plainest words, on
 * strings. Slow and obvious: it looks at every route, and chooses among those that match. It shares
 * no code with artifact/.
 */
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
  const domain = domainFor(services, request.host);
  const matches = services.flatMap((service, route): Match[] => {
    if (domain === undefined || !service.domains.includes(domain)) return [];
    const match = matchPattern(service.pattern, request.path);
    return match === undefined ? [] : [{ route, service, ...match }];
  });
  if (matches.length === 0) return { kind: "no route" };

  const takers = matches.filter(({ service: { methods } }) => {
    return methods.length === 0 || methods.includes(request.method);
  });
  const [best] = takers.toSorted((a, b) => compare(a.service, b.service));
  if (best === undefined) {
    const allowed = new Set(matches.flatMap(({ service }) => service.methods));
    return { kind: "no method", allowed: [...allowed].toSorted() };
  }
  return { kind: "route", route: best.route, rest: best.rest, parameters: best.parameters };
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
function matchPattern(
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

/**
 * Which of two services that both match comes first: at the first segment where they differ a
 * literal, then a parameter, then `*`; a pattern that ends there comes before a `*` that takes
 * nothing. With one pattern, the service that names its methods comes first.
 */
function compare(a: RoutedService, b: RoutedService): number {
  const rankA = ranksOf(a.pattern);
  const rankB = ranksOf(b.pattern);
  for (let index = 0; index < Math.max(rankA.length, rankB.length); index++) {
    const difference = (rankA[index] ?? 0) - (rankB[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(a.methods.length === 0) - Number(b.methods.length === 0);
}

function ranksOf(pattern: string): number[] {
  const steps = pattern.split("/").filter((step) => step !== "");
  return steps.map((step) => (step === "*" ? 3 : step.startsWith(":") ? 2 : 1));
}
