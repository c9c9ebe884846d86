/**
 * A route in the words of an explanation: which requests it takes, and where it is written.
 */
import type { Origin, Service } from "../../artifact/model.ts";
import { predicateText } from "../../artifact/predicate-text.ts";

/** A route; keys are those of the configuration where it has them. */
export interface RouteRef {
  service: string;
  domains: string[];
  path_prefix: string;
  /** Empty is every method. */
  methods: string[];
  /** What else a request must have, in words. */
  match: string[];
  priority: number;
  /** `file:line:column` in the tree. */
  place: string;
}

/** @param domain the one of its domains that is spoken of: it comes first */
export function routeRef(service: Service, domain = ""): RouteRef {
  const others = service.domains.filter((name) => name !== domain);
  return {
    service: service.name,
    domains: others.length === service.domains.length ? others : [domain, ...others],
    path_prefix: service.pattern,
    methods: service.methods,
    match: service.predicates.map(predicateText),
    priority: service.priority,
    place: placeText(service.origin),
  };
}

/** `file:line:column`, as editors take it. */
export function placeText({ file, line, column }: Origin): string {
  return `${file}:${line}:${column}`;
}

/** `GET, POST api.example.com /users/:id  header x-team is "a"`: what a route takes, in a line. */
export function routeLine(route: RouteRef): string {
  const { domains, path_prefix, methods, match, priority } = route;
  const [first = "", ...others] = domains;
  const more =
    others.length === 0 ? "" : ` (and ${others.length} more host${others.length === 1 ? "" : "s"})`;
  return [
    ...(methods.length === 0 ? [] : [methods.join(",")]),
    first + path_prefix + more,
    ...(match.length === 0 ? [] : [`where ${match.join(" and ")}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
  ].join(" ");
}
