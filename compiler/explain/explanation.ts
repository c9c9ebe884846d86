/**
 * Explanations: what becomes of a request and why, as one plain JSON value. Keys are those of the
 * configuration where it has them.
 */
import { decode } from "../../artifact/decode.ts";
import { NONE } from "../../artifact/layout.ts";
import type { Model, Service } from "../../artifact/model.ts";
import { routesByHost } from "../../artifact/route-order.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import type { SourceTree } from "../source-tree.ts";
import { Decider, type Decision } from "./decide.ts";
import { domainText, NearMisses, type NearMiss } from "./near-misses.ts";
import { type PathStep, pathSteps } from "./path-steps.ts";
import { Provenance, type RouteSettings } from "./provenance.ts";
import { hostOf } from "./refusal.ts";
import { formatUrl, type Request } from "./request.ts";
import { placeText, routeRef, type RouteRef } from "./route-ref.ts";
import { similarDomains, similarRoutes } from "./similar-routes.ts";
import { type Candidate, candidatesOf, isPassedOn, type Upstream, upstreamOf } from "./upstream.ts";

export interface Explanation {
  request: {
    method: string;
    url: string;
    /** Fields beside Host, in order. */
    headers: { name: string; value: string }[];
    /** The client's address. */
    from: string;
  };
  /** 0 where the request is forwarded: then the backend answers. */
  status: number;
  /** Why Balto answers by itself, "" where the request is forwarded. */
  why: string;
  /** Methods of the Allow field, where there is one. */
  allow: string[];
  host: {
    name: string;
    /** The domain that covers it most closely, "" where none does. */
    domain: string;
    /** Where none does: domains that were perhaps meant. */
    similar: string[];
  };
  path: {
    /** As it was sent, without the query. */
    sent: string;
    /** In normal form: what is matched. */
    matched: string;
    /** Which part of the route's pattern took which part of the path. */
    steps: PathStep[];
  };
  route: RouteRef | null;
  near_misses: NearMiss[];
  parameters: { name: string; value: string }[];
  /** The request as the backend sees it, null where none does. */
  upstream: Upstream | null;
  pool: { name: string; place: string; algorithm: string; backends: Candidate[] } | null;
  settings: RouteSettings | null;
}

/** Explains requests on one artifact. */
export class Explainer {
  readonly model: Model;
  readonly #view: View;
  readonly #decider: Decider;
  readonly #tree: SourceTree | undefined;
  #provenance: Provenance | undefined;
  readonly #hosts: RowReader<"hosts">;
  #nearMisses: NearMisses | undefined;
  #routesByHost: number[][] | undefined;

  /** @param tree what the artifact was compiled from, where it is at hand */
  constructor(view: View, tree?: SourceTree) {
    this.#view = view;
    this.model = decode(view);
    this.#decider = new Decider(view);
    this.#tree = tree;
    this.#hosts = new RowReader(view, "hosts");
  }

  /** What becomes of a request, without the reasons. */
  decide(request: Request): Decision {
    return this.#decider.decide(request);
  }

  /** The request as a backend would see it, where one does. */
  upstream(request: Request, decision: Decision): Upstream | null {
    if (decision.answer !== undefined) return null;
    const service = this.model.services[decision.route]!;
    const { pool } = service;
    return upstreamOf(request, decision, service, pool, this.model.settings);
  }

  /** What becomes of a request, and why. */
  explain(request: Request): Explanation {
    const decision = this.#decider.decide(request);
    const service = decision.route < 0 ? undefined : this.model.services[decision.route]!;
    const pool = service?.pool;
    return {
      request: {
        method: request.method,
        url: formatUrl(request),
        headers: [...request.fields],
        from: request.peer,
      },
      status: decision.answer?.status ?? 0,
      why: decision.answer?.why ?? "",
      allow: decision.answer?.allow ?? [],
      host: this.#host(request, decision),
      path: {
        sent: request.target.replace(/\?.*$/s, ""),
        matched: decision.path,
        steps: service === undefined ? [] : pathSteps(service, decision.path),
      },
      route: service === undefined ? null : routeRef(service, this.#domain(decision)),
      near_misses: this.#misses(request, decision),
      parameters: decision.parameters,
      upstream: this.#seen(request, decision),
      pool:
        pool === undefined
          ? null
          : {
              name: pool.key,
              place: placeText(pool.origin),
              algorithm: pool.policy.algorithm,
              backends: candidatesOf(pool),
            },
      settings: service === undefined ? null : this.#settings(service),
    };
  }

  /** With the client's own fields, which go on as they came. */
  #seen(request: Request, decision: Decision): Upstream | null {
    const upstream = this.upstream(request, decision);
    if (upstream === null) return null;
    const [host, ...made] = upstream.fields;
    const passed = request.fields.filter(({ name }) => isPassedOn(name, this.model.settings));
    return { ...upstream, fields: [host!, ...passed, ...made] };
  }

  #settings(service: Service): RouteSettings {
    this.#provenance ??= new Provenance(this.#tree);
    return this.#provenance.of(this.model, service);
  }

  #host({ authority }: Request, { host, matched }: Decision): Explanation["host"] {
    const name = (hostOf(authority) ?? authority).toLowerCase();
    const domain = this.#domain({ host });
    if (domain !== "") return { name, domain, similar: [] };
    const isAsked = matched !== undefined;
    return { name, domain: "", similar: isAsked ? similarDomains(this.#domains(), name) : [] };
  }

  #domain({ host }: Pick<Decision, "host">): string {
    return host === NONE ? "" : domainText(this.#hosts, host);
  }

  #domains(): string[] {
    return Array.from({ length: this.#hosts.count }, (_, row) => domainText(this.#hosts, row));
  }

  #misses(request: Request, decision: Decision): NearMiss[] {
    this.#nearMisses ??= new NearMisses(this.#view, this.model);
    const misses = this.#nearMisses.of(request, decision);
    if (misses.length > 0 || decision.answer?.status !== 404 || decision.host === NONE) {
      return misses;
    }
    this.#routesByHost ??= routesByHost(this.#view);
    const services = this.#routesByHost[decision.host]!.map((row) => this.model.services[row]!);
    return similarRoutes(services, decision.path).map(({ service, why }) => {
      return { route: routeRef(service, this.#domain(decision)), cause: "similar-path", why };
    });
  }
}
