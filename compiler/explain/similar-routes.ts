/**
 * Similar routes: for a request that no route takes, those whose host or path is nearly the request's: a
 * segment that is misspelt or in the wrong case, one too few or too many.
 */
import type { Service } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { nearest } from "../nearest.ts";

export interface Similar {
  service: Service;
  /** In words: `has "users" where the path has "user"`. */
  why: string;
}

/** More are noise. */
const SIMILAR_MAX = 3;

/** Of the services of one host, those whose pattern is nearly the path; the nearest first. */
export function similarRoutes(services: Iterable<Service>, path: string): Similar[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  const found: (Similar & { cost: number })[] = [];
  for (const service of services) {
    const near = comparePath(parsePattern(service.pattern) as Pattern, segments);
    if (near === undefined) continue;
    found.push({ service, ...near });
    if (found.length > SIMILAR_MAX) {
      found.sort((a, b) => a.cost - b.cost);
      found.pop();
    }
  }
  return found.toSorted((a, b) => a.cost - b.cost).map(({ service, why }) => ({ service, why }));
}

/** The domains that are nearly a host. */
export function similarDomains(domains: readonly string[], host: string): string[] {
  const near = nearest(host, domains);
  return near === undefined ? [] : [near];
}

/** How far a pattern is from a path, and in what; undefined where it is too far. */
function comparePath(
  { segments: steps, rest }: Pattern,
  segments: readonly string[],
): { cost: number; why: string } | undefined {
  let cost = 0;
  let why = "";
  for (const [index, { kind, text }] of steps.entries()) {
    const segment = segments[index];
    if (segment === undefined) {
      if (index < segments.length || index === 0 || steps.length > index + 1) return undefined;
      return cost === 0
        ? { cost: 3, why: `goes on with /${kind === "parameter" ? ":" : ""}${text}` }
        : undefined;
    }
    if (kind === "parameter" || text === segment) continue;
    if (cost > 0) return undefined;
    if (text.toLowerCase() === segment.toLowerCase()) cost = 1;
    else if (nearest(segment, [text]) === undefined) return undefined;
    else cost = 2;
    why = `has "${text}" where the path has "${segment}"`;
    if (cost === 1) why += ": case matters";
  }
  if (segments.length > steps.length && !rest) {
    if (cost > 0 || steps.length === 0) return undefined;
    const more = segments.length - steps.length;
    return { cost: 3 + more, why: "takes that path alone: there is no /* at its end" };
  }
  return cost === 0 ? undefined : { cost, why };
}
