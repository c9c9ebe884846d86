/**
 * Boundary cases: requests at the edges of what each route takes (the pattern itself, one segment more or
 * less, a neighbour's spelling, another method or host, a condition that just fails), with what becomes of
 * them now. They are for review: what is written down is what is, not what was meant.
 */
import { stringify } from "yaml";
import type { Predicate, Service } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { predicateText } from "../../artifact/predicate-text.ts";
import type { Explainer } from "../explain/explanation.ts";
import type { Request } from "../explain/request.ts";
import { valueAtoms } from "../witness/value-atoms.ts";
import type { RouteTest } from "./route-test.ts";

/** A request, and why it is worth a test. */
interface Case {
  why: string;
  request: Request;
}

/** A test as the YAML has it. */
type Written = Record<string, unknown>;

/**
 * The text of a file of tests; undefined where every case is tested already.
 *
 * @param tested the tree's own tests: their requests are left out
 */
export function boundaryTests(
  explainer: Explainer,
  tested: readonly RouteTest[],
): string | undefined {
  const seen = new Set(tested.map(({ request }) => keyOf(request)));
  const tests: Written[] = [];
  for (const service of explainer.model.services) {
    for (const { why, request } of casesOf(service)) {
      const key = keyOf(request);
      if (seen.has(key)) continue;
      seen.add(key);
      tests.push(written(`${service.name}: ${why}`, request, explainer));
    }
  }
  if (tests.length === 0) return undefined;
  return HEADING + stringify({ tests }, { lineWidth: 100 });
}

const HEADING = `# Boundary cases of every route, with what becomes of them now. Written by \`balto test --generate\`:
# review them, keep what is meant, mend what is not.

`;

function* casesOf(service: Service): Iterable<Case> {
  const pattern = parsePattern(service.pattern) as Pattern;
  const base = requestFor(service, pattern);
  yield { why: "what it is for", request: base };
  yield* pathCases(base, pattern);
  if (service.methods.length > 0) {
    const other = ["GET", "POST", "DELETE"].find((method) => !service.methods.includes(method));
    yield { why: "a method it does not list", request: { ...base, method: other ?? "OPTIONS" } };
  }
  for (const domain of service.domains.slice(0, 2)) yield* hostCases(base, domain);
  for (const predicate of service.predicates) {
    const request = withoutPredicate(base, service.predicates, predicate);
    if (request !== undefined) {
      yield { why: `without: ${predicateText(predicate)}`, request };
    }
  }
}

function* pathCases(base: Request, { segments, rest }: Pattern): Iterable<Case> {
  const query = base.target.replace(/^[^?]*/, "");
  const at = (path: string): Request => ({ ...base, target: (path || "/") + query });
  const own = segments.map(({ kind, text }) => (kind === "parameter" ? "any" : text));
  const path = own.map((text) => `/${text}`).join("");
  if (rest) yield { why: "nothing behind its prefix", request: at(path) };
  yield { why: "with a slash behind it", request: at(`${path}/`) };
  if (!rest) yield { why: "one segment more", request: at(`${path}/more`) };
  if (own.length > 0) {
    yield { why: "one segment less", request: at(path.replace(/\/[^/]*$/, "")) };
    yield { why: "a neighbour of its name", request: at(`${path}x`) };
  }
}

function* hostCases(base: Request, domain: string): Iterable<Case> {
  if (domain === "*") return;
  const name = domain.replace(/^\*\./, "");
  if (domain.startsWith("*.")) {
    yield { why: "the domain itself", request: { ...base, authority: name } };
    yield { why: "two labels below", request: { ...base, authority: `a.b.${name}` } };
  } else if (!name.startsWith("[")) {
    yield { why: "a host below its domain", request: { ...base, authority: `below.${name}` } };
  }
}

/** A request that the service asks for, as simple as can be. */
function requestFor(
  { domains, methods, predicates }: Service,
  { segments, rest }: Pattern,
): Request {
  const steps = segments.map(({ kind, text }) => (kind === "parameter" ? "/any" : `/${text}`));
  const path = [...steps, ...(rest ? ["/any"] : [])].join("") || "/";
  const base: Request = {
    method: methods.length === 0 || methods.includes("GET") ? "GET" : methods[0]!,
    scheme: "http",
    authority: domains[0] === "*" ? "any.example" : domains[0]!.replace(/^\*/, "any"),
    target: path,
    fields: [],
    peer: "127.0.0.1",
  };
  return withPredicates(base, predicates, () => true) ?? base;
}

/** The request of a service, but for one condition; undefined where none can fail alone. */
function withoutPredicate(
  base: Request,
  predicates: readonly Predicate[],
  left: Predicate,
): Request | undefined {
  const plain = { ...base, target: base.target.replace(/\?.*$/s, ""), fields: [] };
  return withPredicates(plain, predicates, (one) => one !== left);
}

/** Sends what makes those predicates hold that are wanted, and no other. */
function withPredicates(
  base: Request,
  predicates: readonly Predicate[],
  isWanted: (predicate: Predicate) => boolean,
): Request | undefined {
  const groups = Map.groupBy(predicates, ({ subject, name }) => `${subject} ${name}`);
  const fields: Request["fields"][number][] = [];
  const query: string[] = [];
  for (const group of groups.values()) {
    const wanted = group.flatMap((one, index) => (isWanted(one) ? [index] : []));
    const atom = valueAtoms(group).atoms.find(({ holds }) => holds.join() === wanted.join());
    if (atom === undefined) return undefined;
    const { subject, name } = group[0]!;
    if (atom.value === undefined) continue;
    if (subject === "header") fields.push({ name, value: atom.value });
    else query.push(`${encodeURIComponent(name)}=${encodeURIComponent(atom.value)}`);
  }
  const target = base.target + (query.length === 0 ? "" : `?${query.join("&")}`);
  return { ...base, target, fields };
}

/** The test as it is written: what is expected is what is. */
function written(name: string, request: Request, explainer: Explainer): Written {
  const decision = explainer.decide(request);
  const { method, authority, target, fields } = request;
  const headers = Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const service = explainer.model.services[decision.route];
  const upstream = explainer.upstream(request, decision);
  const expect =
    service === undefined || upstream === null
      ? {
          ...(service === undefined ? { route: null } : { route: service.name }),
          status: decision.answer!.status,
          ...(decision.answer!.allow === undefined ? {} : { allow: decision.answer!.allow }),
        }
      : { route: service.name, path: upstream.target };
  return {
    name,
    request: {
      ...(method === "GET" ? {} : { method }),
      host: authority,
      path: target,
      ...(fields.length === 0 ? {} : { headers }),
    },
    expect,
  };
}

function keyOf({ method, scheme, authority, target, fields, peer }: Request): string {
  return JSON.stringify([method, scheme, authority, target, fields, peer]);
}
