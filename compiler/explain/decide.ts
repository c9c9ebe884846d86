/**
 * Decide: what becomes of a request, on an opened artifact: the steps of the data plane's decision, in
 * its order, with the same matcher. One Decider serves one caller at a time.
 */
import { methodNames, servicePolicyOf, settingsOf } from "../../artifact/decode.ts";
import { forwardStart, needsSlash } from "../../artifact/forward-path.ts";
import { NONE } from "../../artifact/layout.ts";
import { Matcher, NO_METHOD } from "../../artifact/match.ts";
import type { ServicePolicy, Settings } from "../../artifact/model.ts";
import { NOT_OWN, OWN_ADMIN, ownPathOf } from "../../artifact/own-path.ts";
import { parameterValues } from "../../artifact/parameter-values.ts";
import { normalizePath, PATH_BAD, PATH_UNCHANGED, pathRules } from "../../artifact/path.ts";
import { requestParts, type RequestParts } from "../../artifact/request-parts.ts";
import { viaHops } from "../../artifact/via.ts";
import { RowReader, type View } from "../../artifact/view.ts";
import { headRefusal, hostOf, parameterRefusal, pathRefusal, type Refusal } from "./refusal.ts";
import type { Request } from "./request.ts";

/** Balto's own word on a request. */
export interface OwnAnswer extends Refusal {
  /** Methods of its Allow field. */
  allow?: string[];
}

/** What becomes of a request. */
export interface Decision {
  /** Undefined where the request is forwarded. */
  answer: OwnAnswer | undefined;
  /** The request as the matcher was given it; undefined where it did not come so far. */
  matched: MatchedBytes | undefined;
  /** False where the answer was clear before a route was looked for. */
  isMatched: boolean;
  /** A row of `hosts`, or NONE. */
  host: number;
  /** A row of `routes`, negative where there is none. It may be there beside an answer (413). */
  route: number;
  /** The path in normal form. */
  path: string;
  parameters: { name: string; value: string }[];
  /** Path and query as they go to a backend, behind the path of its URL. */
  target: string;
}

/** The bytes that the matcher was given. */
export interface MatchedBytes extends RequestParts {
  /** Without port and trailing dot. */
  host: Buffer;
  methodBit: number;
  path: Buffer;
}

export class Decider {
  readonly settings: Settings;
  readonly #pathRules: number;
  readonly #view: View;
  readonly #matcher: Matcher;
  readonly #routes: RowReader<"routes">;
  readonly #services: RowReader<"services">;
  readonly #pools: RowReader<"pools">;

  constructor(view: View) {
    this.#view = view;
    this.settings = settingsOf(view);
    this.#pathRules = pathRules(this.settings);
    this.#matcher = new Matcher(view);
    this.#routes = new RowReader(view, "routes");
    this.#services = new RowReader(view, "services");
    this.#pools = new RowReader(view, "pools");
  }

  /** Decides on a request. */
  decide(request: Request): Decision {
    const decision: Decision = {
      answer: undefined,
      matched: undefined,
      isMatched: false,
      host: NONE,
      route: -1,
      path: "",
      parameters: [],
      target: "",
    };
    decision.answer = this.#decide(request, decision);
    return decision;
  }

  #decide(request: Request, decision: Decision): OwnAnswer | undefined {
    const refused = headRefusal(request, this.settings);
    if (refused !== undefined) {
      return refused.status === 405 ? { ...refused, allow: METHODS_KNOWN } : refused;
    }
    if (request.target === "*") {
      return { status: 204, why: "OPTIONS * asks the gateway itself", allow: METHODS_KNOWN };
    }
    const [path, query] = splitTarget(request.target);
    const sent = Buffer.from(path);
    const scratch = Buffer.alloc(sent.length);
    const length = normalizePath(sent, 0, sent.length, scratch, this.#pathRules);
    if (length === PATH_BAD) return pathRefusal(path, this.settings);
    const method = Buffer.from(request.method);
    const fields = [{ name: "Host", value: request.authority }, ...request.fields];
    const matched: MatchedBytes = {
      ...requestParts(
        fields.map(({ name, value }) => [name, value] as const),
        query.slice(1),
      ),
      host: Buffer.from(hostOf(request.authority)!),
      methodBit: this.#matcher.methodBit(method, 0, method.length),
      path: length === PATH_UNCHANGED ? sent : scratch.subarray(0, length),
    };
    decision.matched = matched;
    decision.path = matched.path.toString();
    const own = ownPathOf(matched.path, 0, matched.path.length);
    if (own === OWN_ADMIN && this.settings.admin.listen === "") {
      return { status: 200, why: `${decision.path} is the gateway's own: operators ask it there` };
    }
    if (own !== NOT_OWN && own !== OWN_ADMIN) {
      const why = `${decision.path} is answered by the gateway itself, on every host`;
      return { status: 200, why };
    }
    return (
      this.#optionsAnswer(request) ??
      this.#loopRefusal(request) ??
      this.#match(request, matched, decision)
    );
  }

  /** What the gateway answers of OPTIONS requests before it looks for a route. */
  #optionsAnswer({ method, fields }: Request): OwnAnswer | undefined {
    if (method !== "OPTIONS") return undefined;
    const value = (name: string) =>
      fields.find((field) => field.name.toLowerCase() === name)?.value.trim();
    if (Number(value("max-forwards") ?? "1") === 0) {
      return { status: 204, why: "Max-Forwards is 0", allow: METHODS_KNOWN };
    }
    const isPreflight =
      this.settings.cors.enabled &&
      value("origin") !== undefined &&
      value("access-control-request-method") !== undefined;
    return isPreflight
      ? { status: 204, why: "CORS preflight requests are answered here" }
      : undefined;
  }

  #loopRefusal({ fields }: Request): OwnAnswer | undefined {
    const { via, limits } = this.settings;
    if (via === "") return undefined;
    const name = Buffer.from(via);
    let hops = 0;
    for (const field of fields) {
      const value = Buffer.from(field.value);
      if (field.name.toLowerCase() === "via") hops += viaHops(value, 0, value.length, name);
    }
    if (hops <= limits.viaHopsMax) return undefined;
    return {
      status: 508,
      why: `Via names ${via} ${hops} times: the request goes round in circles`,
    };
  }

  #match(request: Request, matched: MatchedBytes, decision: Decision): OwnAnswer | undefined {
    const { host, methodBit, path, head, input } = matched;
    const matcher = this.#matcher;
    decision.isMatched = true;
    decision.host = matcher.host(host, 0, host.length);
    const row = matcher.match(decision.host, methodBit, path, 0, path.length, head, input);
    if (row === NO_METHOD) {
      const allow = methodNames(this.#view, matcher.allowedBits).toSorted();
      return {
        status: 405,
        why: `this path takes ${allow.join(", ")}, not ${request.method}`,
        allow,
      };
    }
    if (row < 0) {
      const why =
        decision.host === NONE
          ? "no domain covers this host"
          : "no route of this host takes this request";
      return { status: 404, why };
    }
    decision.route = row;
    const names = this.#routes.words(row, "parameters");
    const values = parameterValues(matcher, path);
    if (values === undefined) return parameterRefusal(decision.path);
    decision.parameters = names.map((name, index) => ({ name, value: values[index]! }));
    const isExact = !this.#routes.text(row, "pattern").endsWith("*");
    const policy = servicePolicyOf(this.#view, this.#services.number(row, "policy"));
    const strip = policy.stripPrefix && names.length === 0;
    const from = forwardStart(strip, isExact, 0, matcher.rest, path.length);
    const slash = needsSlash(path, from, path.length) ? "/" : "";
    decision.target = slash + path.toString("utf8", from) + splitTarget(request.target)[1];
    return bodyRefusal(request, policy) ?? this.#poolRefusal(row);
  }

  #poolRefusal(row: number): OwnAnswer | undefined {
    const pool = this.#services.number(row, "pool");
    return this.#pools.run(pool, "backends").count === 0
      ? { status: 503, why: "the pool has no backend" }
      : undefined;
  }
}

function bodyRefusal(
  { fields }: Request,
  { bodyBytesMax: most }: ServicePolicy,
): OwnAnswer | undefined {
  const length = fields.find(({ name }) => name.toLowerCase() === "content-length")?.value;
  if (most === 0 || length === undefined || Number(length) <= most) return undefined;
  return { status: 413, why: `the body is longer than ${most} bytes` };
}

/** Path and query of a target, the query with its "?". */
function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf("?");
  return mark === -1 ? [target, ""] : [target.slice(0, mark), target.slice(mark)];
}

/** What Allow says where any method is taken. */
const METHODS_KNOWN = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
