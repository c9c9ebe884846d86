import fc from "fast-check";
import { expect, test } from "vitest";

import { encode } from "../../artifact/encode.ts";
import { ALGORITHMS, type Model, type PoolPolicy, type Service } from "../../artifact/model.ts";
import { compareSpecificity } from "../../artifact/route-specificity.ts";
import { openArtifact } from "../../artifact/view.ts";
import { compare, type DiffClass } from "../../compiler/diff/diff.ts";
import { Explainer, type Explanation } from "../../compiler/explain/explanation.ts";
import { readUrl, type Request } from "../../compiler/explain/request.ts";
import { modelOf } from "../fixtures/artifact-model.ts";
import { referenceMatch } from "./reference-matcher.ts";
import { effort, seed } from "./seed.ts";
import { routedRequest, type RoutedRequest, routedServices } from "./services.ts";

const PAIRS = 250;
const REQUESTS_A_PAIR = 110;

/** One edit of a tree; `at` says which service, `more` what else there is to choose. */
interface Edit {
  kind: (typeof EDITS)[number];
  at: number;
  more: number;
}

const EDITS = [
  "remove",
  "move",
  "rename",
  "strip",
  "preserve host",
  "timeout",
  "methods",
  "parameters",
  "pattern",
  "priority",
  "predicates",
  "backend",
  "pool",
  "weight",
  "algorithm",
  "share pool",
  "backend priority",
  "backend limit",
  "pool policy",
  "retry",
  "no backend",
  "domain",
] as const;

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...EDITS), at: fc.nat(), more: fc.nat() }),
  { minLength: 0, maxLength: 8, size: "max" },
);

test("every request whose explanation differs is in a class, and every witness differs", () => {
  const seen = { requests: 0, differing: 0, classes: 0, same: 0 };
  const kinds = new Set<string>();
  const requests = fc.array(aimedRequest, {
    minLength: REQUESTS_A_PAIR,
    maxLength: REQUESTS_A_PAIR,
  });
  const property = fc.property(
    routedServices,
    routedServices,
    edits,
    requests,
    (one, two, changes, list) => {
      const before = treeOf(one.map((service) => ({ ...service })));
      const after = edited(before, changes, treeOf(two).services);
      const views = [before, after].map((model) => openArtifact(encode(model))) as [View, View];
      const { diff, classOf } = compare(...views);
      const sides = views.map((view) => new Explainer(view)) as [Explainer, Explainer];
      expect(diff.is_complete).toBe(true);

      for (const each of diff.classes) {
        seen.classes++;
        for (const { kind } of each.changes) kinds.add(kind);
        const [was, is] = sides.map((side) => meaningOf(side.explain(witnessOf(each)))) as [
          string,
          string,
        ];
        expect({ each, was }).not.toEqual({ each, was: is });
        expect(classOf(witnessOf(each))).toBe(each);
      }
      for (const aimed of list) {
        const routed = requestAt([...before.services, ...after.services], aimed);
        const request = requestOf(routed);
        const [was, is] = sides.map((side) => meaningOf(side.explain(request))) as [string, string];
        seen.requests++;
        if (was === is) {
          seen.same++;
          continue;
        }
        seen.differing++;
        const found = classOf(request);
        expect({ request, was, is, found }).toMatchObject({ found: expect.anything() as unknown });
        // What the class says of itself holds for the request, in the words of another matcher.
        expectOutcome(before, routed, found!.before);
        expectOutcome(after, routed, found!.after);
        expect(diff.classes).toContain(found);
      }
    },
  );
  fc.assert(property, { seed, numRuns: PAIRS * effort });
  expect(seen.requests).toBeGreaterThanOrEqual(20_000);
  for (const [what, count] of Object.entries(seen)) {
    expect([what, count > 1_000]).toEqual([what, true]);
  }
  expect([...kinds].toSorted()).toEqual(
    [
      "backends",
      "new",
      "other-refusal",
      "policy",
      "pool",
      "refused",
      "rewrite",
      "weights",
    ].toSorted(),
  );
}, 120_000);

/** A request, and how much of it is replaced by what some service asks for. */
interface AimedRequest {
  routed: RoutedRequest;
  at: number;
  aims: { host: boolean; path: boolean; method: boolean; predicates: boolean };
  segments: string[];
}

const aim = fc.integer({ min: 0, max: 9 }).map((number) => number > 0);
const aimedRequest: fc.Arbitrary<AimedRequest> = fc.record({
  routed: routedRequest,
  at: fc.nat(),
  aims: fc.record({ host: aim, path: aim, method: aim, predicates: aim }),
  segments: fc.array(fc.constantFrom("a", "b", "ab", "c"), { minLength: 4, maxLength: 4 }),
});

/** A request that one of the services may well take. */
function requestAt(services: readonly Service[], { routed, at, aims, segments }: AimedRequest) {
  if (services.length === 0) return routed;
  const { domains, pattern, methods, predicates } = services[at % services.length]!;
  const request: RoutedRequest = { ...routed, fields: [...routed.fields] };
  const [domain] = domains as [string];
  if (aims.host) request.host = domain.replace("*", `${segments[0]}.${segments[1]}`);
  if (aims.path) {
    let next = 0;
    const path = pattern.replaceAll(/:[^/]+|\*/g, () => segments[next++ % segments.length]!);
    request.path = path.replace(/$/, ["", "/", "//", "/c"][at % 4]!).replace(/^\/\//, "/");
  }
  if (aims.method) request.method = methods[at % (methods.length || 1)] ?? request.method;
  if (!aims.predicates) return request;
  request.fields = request.fields.filter(([name]) => name === "other");
  request.query = "";
  for (const { subject, name, kind, value } of predicates) {
    if (kind === "absent") continue;
    const sent = kind === "regex" ? "a" : value;
    if (subject === "header") request.fields.push([name, sent]);
    else request.query += `&${name}=${encodeURIComponent(sent)}`;
  }
  return request;
}

type View = ReturnType<typeof openArtifact>;

/** A model of services, none of which ties with another for some request: the compiler refuses that. */
function treeOf(services: readonly Partial<Service>[]): Model {
  return withoutTies(
    modelOf(services.map((service, index) => ({ ...service, name: `s${index}` }))),
  );
}

function withoutTies(model: Model): Model {
  const kept: Service[] = [];
  for (const service of model.services) {
    const domains = service.domains.filter((domain) =>
      kept.every((other) => !other.domains.includes(domain) || !ties(service, other)),
    );
    if (domains.length > 0) kept.push({ ...service, domains });
  }
  return { ...model, services: kept };
}

function ties(a: Service, b: Service): boolean {
  const shape = ({ pattern }: Service) => pattern.replaceAll(/:[^/]+/g, ":");
  const shares =
    a.methods.length === 0 ||
    b.methods.length === 0 ||
    a.methods.some((one) => b.methods.includes(one));
  return (
    a.priority === b.priority && shape(a) === shape(b) && shares && compareSpecificity(a, b) === 0
  );
}

function edited(model: Model, changes: readonly Edit[], others: readonly Service[]): Model {
  const { pools, ...copy } = structuredClone(model);
  let { services } = copy;
  for (const { kind, at, more } of changes) {
    if (services.length === 0) break;
    const index = at % services.length;
    const service = services[index]!;
    const other = others[more % others.length]!;
    const { pool } = service;
    const backend = pool.backends.at(more % 2 === 0 ? 0 : -1);
    switch (kind) {
      case "remove":
        services = services.filter((one) => one !== service);
        break;
      case "move":
        services = [...services.slice(index), ...services.slice(0, index)];
        service.origin = { file: "services/moved.yaml", line: more, column: 1 };
        break;
      case "rename":
        service.name = `renamed-${more}`;
        pool.key = `renamed-${pools.indexOf(pool)}-${more}`;
        break;
      case "strip":
        service.stripPrefix = !service.stripPrefix;
        break;
      case "preserve host":
        service.preserveHost = !service.preserveHost;
        break;
      case "timeout":
        service.timeouts.connectMs = 1_000 + (more % 3);
        break;
      case "parameters":
        service.pattern = service.pattern.replaceAll(/:[^/]+/g, (name) => `${name}x`);
        break;
      case "methods":
        service.methods = other.methods;
        break;
      case "pattern":
        service.pattern = other.pattern;
        break;
      case "priority":
        service.priority = other.priority;
        break;
      case "predicates":
        service.predicates = other.predicates;
        break;
      case "domain":
        service.domains = other.domains;
        break;
      case "backend":
        if (backend !== undefined) backend.url = `http://10.0.0.1:${9000 + (more % 4)}`;
        break;
      case "pool":
        if (backend !== undefined) {
          pool.backends = [{ ...backend, url: `http://10.0.0.2:${9000 + (more % 4)}` }];
        }
        break;
      case "weight":
        if (backend !== undefined) backend.weight = 1 + (more % 4);
        break;
      case "algorithm":
        pool.policy.algorithm = ALGORITHMS[more % 3]!;
        break;
      case "share pool":
        service.pool = services[more % services.length]!.pool;
        break;
      case "backend priority":
        if (backend !== undefined) backend.priority = more % 3;
        break;
      case "backend limit":
        if (backend !== undefined) backend.connectionsMax = more % 3;
        break;
      case "pool policy":
        editPolicy(pool.policy, more);
        break;
      case "retry":
        service.retry.attempts = more % 3;
        service.retry.on.statuses = more % 2 === 0 ? [] : [{ first: 502, last: 503 }];
        break;
      case "no backend":
        pool.backends = [];
        break;
    }
  }
  return withoutTies({ ...model, services, pools });
}

/** Turns one of the blocks of a pool on, off, or to another value. */
function editPolicy(policy: PoolPolicy, more: number): void {
  switch (more % 5) {
    case 0:
      policy.breaker = undefined;
      break;
    case 1:
      policy.queue.waitersMax = more % 3;
      break;
    case 2:
      policy.slowStartMs = more % 3;
      break;
    case 3:
      policy.passive = {
        consecutiveFailures: 1 + (more % 3),
        failureRatePercent: 0,
        requestsMin: 1,
        windowMs: 1,
        ejectionMs: 1,
        ejectionMaxMs: 1,
        ejectedPercentMax: 50,
        statuses: [],
      };
      break;
    case 4:
      policy.sticky = {
        cookie: `c${more % 2}`,
        secret: "${env:KEY}",
        ttlMs: 0,
        path: "/",
        secure: "auto",
        sameSite: "lax",
      };
  }
}

function requestOf({ method, host, path, fields, query }: RoutedRequest): Request {
  return {
    method,
    scheme: "http",
    authority: host || "a",
    target: path + (query === undefined ? "" : `?${query}`),
    fields: fields.map(([name, value]) => ({ name, value })),
    peer: "127.0.0.1",
  };
}

function witnessOf({ witness }: DiffClass): Request {
  const place = readUrl(witness.url);
  if (typeof place === "string") throw new Error(place);
  return { method: witness.method, ...place, fields: witness.headers, peer: "127.0.0.1" };
}

/** What of an explanation a client or a backend could notice. */
function meaningOf({ status, allow, upstream, pool, settings }: Explanation): string {
  if (upstream === null) return JSON.stringify([status, allow]);
  const ofPath = new Set(["strip_prefix", "preserve_host"]);
  return JSON.stringify({
    // Which backend is shown as the first depends on the order of the list alone.
    upstream,
    backends: pool!.backends
      .map(({ url, share, priority, max_connections: most, weight }) => {
        const ofStandby = share === 0 && pool!.algorithm === "weighted-rr" ? weight : "";
        return [url, share, priority, most, ofStandby].join(" ");
      })
      .toSorted(),
    settings: [...settings!.route, ...settings!.pool]
      .filter(({ key }) => !ofPath.has(key))
      .map(({ key, value }) => `${key} ${value}`),
  });
}

function hasBackend({ services }: Model, route: number): boolean {
  return services[route]!.pool.backends.length > 0;
}

/** The reference matcher finds the route, or the refusal, that a class says. */
function expectOutcome(model: Model, routed: RoutedRequest, outcome: DiffClass["before"]): void {
  const request = { ...routed, host: (routed.host || "a").replace(/\.$/, "") };
  const answer = referenceMatch(model.services, request);
  const expected =
    answer.kind === "route"
      ? hasBackend(model, answer.route)
        ? { status: 0, service: model.services[answer.route]!.name }
        : { status: 503 }
      : answer.kind === "no method"
        ? { status: 405, allow: answer.allowed }
        : { status: 404 };
  const { status, route, allow } = outcome;
  expect({ status, service: route?.service, allow: status === 405 ? allow : undefined }).toEqual({
    service: undefined,
    allow: undefined,
    ...expected,
  });
}
