/**
 * Upstream: what the backend will see of a request beside the client's own fields: request line, Host,
 * forwarding fields and parameters, in the data plane's order.
 */
import { type BackendAddress, formatAuthority, parseBackendUrl } from "../../artifact/address.ts";
import { isDisguised } from "../../artifact/guarded-fields.ts";
import type { Backend, Pool, Service, Settings } from "../../artifact/model.ts";
import { fillReferences, parseReferences, type Part } from "../../artifact/reference.ts";
import type { BackendState } from "./backend-state.ts";
import type { Decision } from "./decide.ts";
import { fieldValue, type Field, type Request } from "./request.ts";
import { placeText } from "./route-ref.ts";
import { isTrusted } from "./trust.ts";

/** What a backend sees. */
export interface Upstream {
  method: string;
  /** Path and query, the path of the backend's URL included. */
  target: string;
  fields: Field[];
}

/** A backend that may be picked. */
export interface Candidate {
  name: string;
  /** As written; references stand as they are. */
  url: string;
  /** With the fallbacks of its references, where all of them have one. */
  address: string;
  weight: number;
  /** 0 is first; higher ones are used where no lower one can be. */
  priority: number;
  /** Requests in flight; 0 is no limit. */
  max_connections: number;
  /** Its share of the requests, percent, while all backends are well. */
  share: number;
  place: string;
  /** Of each of its endpoints, where a Balto that runs was asked. */
  states?: BackendState[];
}

/** The request as the first of the pool's backends sees it, of those that get requests while all are well. */
export function upstreamOf(
  request: Request,
  decision: Decision,
  service: Service,
  pool: Pool,
  settings: Settings,
): Upstream {
  const address = addressOf(pool.backends[sharesOf(pool).findIndex((share) => share > 0)]!);
  const host = service.preserveHost ? request.authority : formatAuthority(address);
  return {
    method: request.method,
    target: address.path + decision.target,
    fields: [
      { name: "Host", value: host },
      ...forwardingFields(request, settings),
      ...(settings.via === "" ? [] : [{ name: "Via", value: `1.1 ${settings.via}` }]),
      ...decision.parameters.map(({ name, value }) => ({ name: `X-Param-${name}`, value })),
    ],
  };
}

function forwardingFields(request: Request, settings: Settings): Field[] {
  const { peer, scheme, authority } = request;
  const believed = isTrusted(peer, settings.trustedProxies);
  const inbound = (name: string): string => (believed ? (fieldValue(request, name) ?? "") : "");
  const before = inbound("x-forwarded-for");
  return [
    { name: "X-Forwarded-For", value: before === "" ? peer : `${before}, ${peer}` },
    { name: "X-Forwarded-Proto", value: inbound("x-forwarded-proto") || scheme },
    { name: "X-Forwarded-Host", value: inbound("x-forwarded-host") || authority },
  ];
}

/** True where a client's field of this name goes to the backend as it came. */
export function isPassedOn(name: string, { underscores }: Settings): boolean {
  return !NOT_PASSED_ON.test(name) && !(underscores === "drop" && isDisguised(name));
}

/** Hop by hop, written anew, or never believed. */
const NOT_PASSED_ON =
  /^(?:connection|keep-alive|te|trailer|upgrade|transfer-encoding|content-length|expect|http2-settings|proxy-(?:connection|authenticate|authorization)|host|forwarded|x-forwarded-.*|x[-_]param[-_].*)$/i;

/** The pool's backends with their shares. */
export function candidatesOf(pool: Pool): Candidate[] {
  const shares = sharesOf(pool);
  return pool.backends.map(({ name, url, weight, priority, connectionsMax, origin }, index) => ({
    name,
    url,
    address: filledUrl(url),
    weight,
    priority,
    max_connections: connectionsMax,
    share: shares[index]!,
    place: placeText(origin),
  }));
}

/** Each backend's share of the requests in percent while all are well, in the order of the pool. */
export function sharesOf(pool: Pool): number[] {
  const first = Math.min(...pool.backends.map(({ priority }) => priority));
  const byWeight = goesByWeight(pool);
  const weights = pool.backends.map(({ weight, priority }) => {
    return priority !== first ? 0 : byWeight ? weight : 1;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => Math.round((weight * 1e11) / sum) / 1e9);
}

/** True where a pool's algorithm goes by weights. */
export function goesByWeight({ policy: { algorithm } }: Pool): boolean {
  return algorithm !== "round-robin" && algorithm !== "least-connections";
}

/** A backend's address; where it is not known before the data plane's environment is, its URL is the host. */
function addressOf({ url }: Pick<Backend, "url">): BackendAddress {
  const address = parseBackendUrl(filledUrl(url));
  return typeof address === "string" ? { scheme: "http", host: url, port: 80, path: "" } : address;
}

/** A URL with the fallbacks of its references: what the data plane's environment says is not known here. */
function filledUrl(url: string): string {
  const parts = parseReferences(url);
  if (!Array.isArray(parts)) return url;
  const look = (part: Part) => (part.kind === "env" ? part.fallback : undefined);
  const filled = fillReferences(parts, look);
  return "value" in filled ? filled.value : url;
}
