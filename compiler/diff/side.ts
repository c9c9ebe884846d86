/**
 * One side of a diff: an opened artifact with what is asked of it again and again.
 */
import type { Domain } from "../../artifact/domain.ts";
import { Matcher } from "../../artifact/match.ts";
import { NONE } from "../../artifact/layout.ts";
import type { Model, Pool, Service } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";
import { routesByHost } from "../../artifact/route-order.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import type { Decision } from "../explain/decide.ts";
import { poolFingerprint, serviceFingerprint } from "../explain/model-settings.ts";
import { Explainer } from "../explain/explanation.ts";
import type { Request } from "../explain/request.ts";
import type { Upstream } from "../explain/upstream.ts";
import { type Treatment, treatmentOf } from "./treatment.ts";

export class Side {
  readonly view: View;
  readonly model: Model;
  readonly #explainer: Explainer;
  readonly #matcher: Matcher;
  readonly #routesByHost: number[][];
  readonly #treatments: (Treatment | undefined)[] = [];
  readonly #pools = new Map<Pool, string>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(view: View) {
    this.view = view;
    this.#explainer = new Explainer(view);
    this.model = this.#explainer.model;
    this.#matcher = new Matcher(view);
    this.#routesByHost = routesByHost(view);
  }

  domains(): Domain[] {
    const hosts = new RowReader(this.view, "hosts");
    return Array.from({ length: hosts.count }, (_, row) => {
      return { kind: hosts.number(row, "kind"), name: hosts.text(row, "name") } as Domain;
    });
  }

  /** Rows of the routes on a host, in the order in which they are tried. */
  routesOn(host: string): readonly number[] {
    const bytes = Buffer.from(host);
    const row = this.#matcher.host(bytes, 0, bytes.length);
    return row === NONE ? [] : this.#routesByHost[row]!;
  }

  service(row: number): Service {
    return this.model.services[row]!;
  }

  pattern(row: number): Pattern {
    const { pattern: text } = this.service(row);
    let pattern = this.#patterns.get(text);
    if (pattern === undefined) this.#patterns.set(text, (pattern = parsePattern(text) as Pattern));
    return pattern;
  }

  treatment(row: number): Treatment {
    return (this.#treatments[row] ??= treatmentOf(this.service(row)));
  }

  /**
   * Which requests a route takes on its hosts and what it does with them, in one text. Routes with one
   * text are the same; with two they may still do the same.
   */
  routeKey(row: number): string {
    const service = this.service(row);
    const { pattern, priority, methods, predicates, pool } = service;
    let ofPool = this.#pools.get(pool);
    if (ofPool === undefined) this.#pools.set(pool, (ofPool = poolFingerprint(pool)));
    const takes = JSON.stringify([pattern, priority, methods, predicates]);
    return `${takes} ${serviceFingerprint(service)} ${ofPool}`;
  }

  decide(request: Request): Decision {
    return this.#explainer.decide(request);
  }

  upstream(request: Request, decision: Decision): Upstream | null {
    return this.#explainer.upstream(request, decision);
  }
}
