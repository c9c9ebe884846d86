/**
 * Diff: what a change of the configuration does to requests, as classes of requests whose outcome is
 * another, each with a request that shows it.
 *
 * Routes that take the same requests and treat them the same way in both artifacts decide nothing; only
 * the paths, methods and values on which some other route has a say are looked at. Each of these classes
 * (path-cells.ts, condition-cells.ts) is put to both artifacts as a request, so what is reported is what
 * the matcher says, twice.
 */
import type { Settings } from "../../artifact/model.ts";
import type { View } from "../../artifact/view.ts";
import type { Decision, OwnAnswer } from "../explain/decide.ts";
import { gatewaySettings } from "../explain/model-settings.ts";
import { formatUrl, type Request } from "../explain/request.ts";
import { routeRef, type RouteRef } from "../explain/route-ref.ts";
import { type ConditionCell, forEachConditionCell } from "../witness/condition-cells.ts";
import { hostCells } from "../witness/host-cells.ts";
import { forEachCell } from "../witness/path-cells.ts";
import { type Change, CHANGE_KINDS, compareTreatments, type Risk, riskOf } from "./change.ts";
import { Side } from "./side.ts";
import { compareStreams, type StreamClass } from "./streams.ts";

/** A difference, as one plain JSON value. */
export interface Diff {
  format_version: "1.0";
  /** The riskiest first. */
  classes: DiffClass[];
  /** Streams that fare otherwise, the riskiest first. */
  streams: StreamClass[];
  /** Settings of the whole gateway that are others. */
  gateway: { key: string; before: string; after: string }[];
  /** False where there were too many combinations of patterns or conditions to try all. */
  is_complete: boolean;
}

/** Requests whose outcome is another, all in the same way. */
export interface DiffClass {
  risk: Risk;
  /** The riskiest first; at least one. */
  changes: Change[];
  /** The domains on which there are such requests. */
  domains: string[];
  before: Outcome;
  after: Outcome;
  witness: Witness;
}

/** What becomes of the requests of a class on one side. */
export interface Outcome {
  /** 0 where a backend answers. */
  status: number;
  /** Where a backend answers. */
  route: RouteRef | null;
  allow: string[];
}

/** A request that shows the difference, and what a backend sees of it on each side. */
export interface Witness {
  method: string;
  url: string;
  headers: { name: string; value: string }[];
  before: string | null;
  after: string | null;
}

/** A diff that knows the class of a request. */
export interface Comparison {
  diff: Diff;
  /** The class that a request is in; undefined where its outcome is the same on both sides. */
  classOf: (request: Request) => DiffClass | undefined;
}

/** Compares two opened artifacts. */
export function compare(before: View, after: View): Comparison {
  const comparing = new Comparing(new Side(before), new Side(after));
  if (before.digest !== after.digest) comparing.run();
  return comparing.result();
}

/** Paths of one class that differ in what is left of them when a prefix is taken off. */
const VARIANTS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => (path === "/" ? "//" : `${path}/`),
  (path) => `${path}//`,
];

class Comparing {
  readonly #before: Side;
  readonly #after: Side;
  /** By the pair of outcomes. */
  readonly #classes = new Map<string, DiffClass>();
  #isComplete = true;

  constructor(before: Side, after: Side) {
    this.#before = before;
    this.#after = after;
  }

  run(): void {
    const numbers = new Map<string, number>();
    const keys = [
      new RouteKeys(this.#before, numbers),
      new RouteKeys(this.#after, numbers),
    ] as const;
    for (const cell of hostCells([...this.#before.domains(), ...this.#after.domains()])) {
      this.#compareHost(cell.domain, cell.host, keys);
    }
  }

  result(): Comparison {
    const classes = [...this.#classes.values()].toSorted(byRisk);
    const gateway = compareSettings(this.#before.model.settings, this.#after.model.settings);
    const streams = compareStreams(this.#before.model, this.#after.model);
    return {
      diff: { format_version: "1.0", classes, streams, gateway, is_complete: this.#isComplete },
      classOf: (request) => {
        const [before, after] = [this.#before.decide(request), this.#after.decide(request)];
        return this.#classes.get(pairKey(before, after));
      },
    };
  }

  #compareHost(domain: string, host: string, keys: readonly [RouteKeys, RouteKeys]): void {
    const sides = [this.#before, this.#after] as const;
    const rows = sides.map((side) => side.routesOn(host));
    const numbers = rows.map((list, index) => list.map((row) => keys[index]!.of(row)));
    const known = numbers.map((list) => new Set(list));
    const isOther = (side: number, rank: number) => !known[1 - side]!.has(numbers[side]![rank]!);
    if (!rows.some((list, side) => list.some((_, rank) => isOther(side, rank)))) return;
    const entries = rows.flatMap((list, side) =>
      list.map((row, rank) => {
        const { methods, predicates, priority } = sides[side]!.service(row);
        const isMarked = isOther(side, rank);
        return {
          pattern: sides[side]!.pattern(row),
          value: { side, row, rank, isMarked },
          isMarked,
          list: side,
          priority,
          isSure: methods.length === 0 && predicates.length === 0,
        };
      }),
    );
    const whole = forEachCell(entries, ({ path, values }) => {
      this.#comparePath(domain, host, path, values);
    });
    if (!whole) this.#isComplete = false;
  }

  #comparePath(domain: string, host: string, path: string, values: readonly Candidate[]): void {
    const orders = [0, 1].map((side) =>
      this.#untilSure(values.filter((value) => value.side === side)),
    );
    if (!orders.flat().some(({ isMarked }) => isMarked)) return;
    const conditions = orders.map((order) =>
      order.map(({ side, row }) => [this.#before, this.#after][side]!.service(row)),
    );
    const whole = forEachConditionCell(conditions, (cell) => {
      for (const variant of VARIANTS) {
        if (this.#compareRequest(domain, requestOf(host, variant(path), cell))) break;
      }
    });
    if (!whole) this.#isComplete = false;
  }

  /** Candidates in the order in which they are tried, up to one that takes whatever comes. */
  #untilSure(values: readonly Candidate[]): Candidate[] {
    const order = values.toSorted((a, b) => a.rank - b.rank);
    const sure = order.findIndex(({ side, row }) => {
      const { methods, predicates } = [this.#before, this.#after][side]!.service(row);
      return methods.length === 0 && predicates.length === 0;
    });
    return sure === -1 ? order : order.slice(0, sure + 1);
  }

  /** Puts a request to both sides. True where nothing is to be gained from others of its class. */
  #compareRequest(domain: string, request: Request): boolean {
    const [before, after] = [this.#before.decide(request), this.#after.decide(request)];
    // Where no route is looked for, as for /health, none can be another.
    if (!before.isMatched || !after.isMatched) return false;
    const key = pairKey(before, after);
    const known = this.#classes.get(key);
    if (known !== undefined) {
      if (!known.domains.includes(domain)) known.domains.push(domain);
      return true;
    }
    const changes = this.#changes(before, after);
    if (changes.length === 0) return true;
    const witness = this.#witness(request, before, after);
    const onlyRewrites = changes.every(({ kind }) => kind === "rewrite");
    if (onlyRewrites && !this.#isSeen(request, before, after)) return false;
    this.#classes.set(key, {
      risk: riskOf(changes),
      changes,
      domains: [domain],
      before: outcomeOf(this.#before, before, domain),
      after: outcomeOf(this.#after, after, domain),
      witness: this.#longer(request, key, onlyRewrites) ?? witness,
    });
    return true;
  }

  /** True where a backend sees a request otherwise. */
  #isSeen(request: Request, before: Decision, after: Decision): boolean {
    const was = this.#before.upstream(request, before);
    const is = this.#after.upstream(request, after);
    return JSON.stringify(was) !== JSON.stringify(is);
  }

  /** With one segment more, where that is of the same class: it shows what goes on to the backend. */
  #longer(request: Request, key: string, mustBeSeen: boolean): Witness | undefined {
    const [, path = "", query = ""] = /^([^?]*)(.*)$/s.exec(request.target) ?? [];
    const longer = { ...request, target: `${path.replace(/\/+$/, "")}/any${query}` };
    const [before, after] = [this.#before.decide(longer), this.#after.decide(longer)];
    if (!before.isMatched || !after.isMatched || pairKey(before, after) !== key) return undefined;
    if (mustBeSeen && !this.#isSeen(longer, before, after)) return undefined;
    return this.#witness(longer, before, after);
  }

  #witness(request: Request, before: Decision, after: Decision): Witness {
    const was = this.#before.upstream(request, before);
    const is = this.#after.upstream(request, after);
    return {
      method: request.method,
      url: formatUrl(request),
      headers: [...request.fields],
      before: was && `${was.method} ${was.target}`,
      after: is && `${is.method} ${is.target}`,
    };
  }

  #changes(before: Decision, after: Decision): Change[] {
    const [was, is] = [refusalOf(before), refusalOf(after)];
    if (was === undefined && is === undefined) {
      return compareTreatments(
        this.#before.treatment(before.route),
        this.#after.treatment(after.route),
      );
    }
    if (was === undefined) return [{ kind: "refused", status: is!.status }];
    if (is === undefined) return [{ kind: "new", status: was.status }];
    if (refusalKey(was) === refusalKey(is)) return [];
    return [{ kind: "other-refusal", before: was.status, after: is.status }];
  }
}

interface Candidate {
  side: number;
  row: number;
  rank: number;
  isMarked: boolean;
}

/** Numbers for the keys of routes, the same on both sides: long texts are compared once. */
class RouteKeys {
  readonly #numbers: Map<string, number>;
  readonly #side: Side;
  readonly #keys: (number | undefined)[] = [];

  constructor(side: Side, numbers: Map<string, number>) {
    this.#side = side;
    this.#numbers = numbers;
  }

  of(row: number): number {
    let number = this.#keys[row];
    if (number !== undefined) return number;
    const key = this.#side.routeKey(row);
    const numbers = this.#numbers;
    number = numbers.get(key);
    if (number === undefined) numbers.set(key, (number = numbers.size));
    return (this.#keys[row] = number);
  }
}

/** A request of a cell. */
function requestOf(host: string, path: string, { method, sent }: ConditionCell): Request {
  const query = sent
    .filter(({ subject }) => subject === "query")
    .map(({ name, value }) => `${encoded(name)}=${encoded(value)}`);
  return {
    method,
    scheme: "http",
    authority: host,
    target: path + (query.length === 0 ? "" : `?${query.join("&")}`),
    fields: sent
      .filter(({ subject }) => subject === "header")
      .map(({ name, value }) => ({ name, value })),
    peer: "127.0.0.1",
  };
}

function encoded(text: string): string {
  return encodeURIComponent(text);
}

/**
 * A route decides, whatever else may become of the request (a value that is no UTF-8, a long body);
 * one whose pool has no backend refuses whatever comes.
 */
function refusalOf({ answer, route }: Decision): OwnAnswer | undefined {
  return route >= 0 && answer?.status !== 503 ? undefined : answer;
}

function refusalKey({ status, allow = [] }: OwnAnswer): string {
  return [status, ...allow].join(" ");
}

function pairKey(before: Decision, after: Decision): string {
  return [before, after]
    .map((decision) => {
      const refusal = refusalOf(decision);
      return refusal === undefined ? `route ${decision.route}` : refusalKey(refusal);
    })
    .join(" | ");
}

function outcomeOf(side: Side, decision: Decision, domain: string): Outcome {
  const refusal = refusalOf(decision);
  if (refusal !== undefined)
    return { status: refusal.status, route: null, allow: refusal.allow ?? [] };
  return { status: 0, route: routeRef(side.service(decision.route), domain), allow: [] };
}

function compareSettings(before: Settings, after: Settings): Diff["gateway"] {
  const was = new Map(gatewaySettings(before).map(({ key, text }) => [key, text]));
  return gatewaySettings(after).flatMap(({ key, text }) => {
    const old = was.get(key) ?? "off";
    return old === text ? [] : [{ key, before: old, after: text }];
  });
}

const RISKS: readonly Risk[] = ["high", "medium", "low"];

function byRisk(a: DiffClass, b: DiffClass): number {
  return (
    RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) ||
    CHANGE_KINDS.indexOf(a.changes[0]!.kind) - CHANGE_KINDS.indexOf(b.changes[0]!.kind) ||
    (a.witness.url < b.witness.url ? -1 : 1)
  );
}
