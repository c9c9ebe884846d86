/**
 * HTTP mode of a Balance file as services: one a route, and one for what no route takes.
 *
 * Balance takes a route's path as the beginning of a text: `/api` takes `/api/x` and `/apix`. A service
 * goes by whole segments, which is what such files mean; where it can matter a warning says so.
 */
import { headOf, valueAt } from "../parse/yaml-node.ts";
import type { Balance, Part } from "./conversion.ts";
import type { BalancePool } from "./balance-pool.ts";
import { type BalanceRoute, balanceRoutes } from "./balance-routes.ts";
import { count, duration, isEnabled, size } from "./balance-values.ts";

/** What no route takes; below every route, as Balance asks its routes first. */
const LAST = -1000;
const BODY_BYTES_MAX = 2 ** 50;

/** The file `services/balance.yaml`. */
export function balanceServices(balance: Balance, pool: BalancePool): Part {
  const { root, taken, log } = balance;
  const http = taken.map(root, "http");
  const differs = (key: string, what: string): void =>
    log.report("BAL6108", headOf(valueAt(http, key)!), { key: `http.${key}`, what });
  if (taken.flag(http, "enable_websocket") === false) {
    differs("enable_websocket", "WebSocket is always passed on");
  }
  if (taken.flag(http, "enable_http2") === true) {
    differs("enable_http2", "clients are offered HTTP/1.1");
  }
  const routes = balanceRoutes(balance, http, pool);
  const everything: BalanceRoute = {
    name: "balance",
    host: "*",
    pattern: "/*",
    headers: [],
    priority: LAST,
    backends: pool.backends,
    at: undefined,
  };
  const shared = { ...sharedKeys(balance), ...pool.policy };
  const order = [...routes.toSorted((a, b) => b.priority - a.priority), everything];
  const domains = domainsByRoute(order);
  const isRanked = needsPriorities(order);
  const names = new Set<string>();
  const services = [...routes, everything].flatMap((route, index) => {
    const own = domains.get(route) ?? [];
    if (own.length === 0) {
      const reason = "other routes take all of its requests first, so it never had any";
      const key = `http.routes[${index}]`;
      if (route.at !== undefined) log.report("BAL6103", route.at, { key, reason });
      return [];
    }
    return {
      name: unusedName(names, route.name),
      ...(own.length === 1 ? { domain: own[0] } : { domains: own }),
      path_prefix: route.pattern,
      priority: isRanked && route.priority !== 0 ? route.priority : undefined,
      match: { headers: route.headers },
      backends: route.backends,
      ...shared,
    };
  });
  return { services };
}

function unusedName(taken: Set<string>, name: string): string {
  let unused = name;
  for (let nth = 2; taken.has(unused); nth++) unused = `${name}-${nth}`;
  taken.add(unused);
  return unused;
}

/**
 * The domains of each route: its host, and every other host of the file that it covers. Balance goes on
 * to the next route where a host's own do not take a request, while Balto stays with the most specific
 * host. What a route before it takes in any case is left to that one.
 */
function domainsByRoute(order: readonly BalanceRoute[]): Map<BalanceRoute, string[]> {
  const hosts = [...new Set(order.map(({ host }) => host))];
  return new Map(
    order.map((route, index) => {
      const before = order.slice(0, index).filter((first) => precludes(first, route));
      const own = hosts.filter(
        (host) => covers(route.host, host) && !before.some((first) => covers(first.host, host)),
      );
      return [route, own.toSorted((a, b) => Number(b === route.host) - Number(a === route.host))];
    }),
  );
}

/** True where a route that is asked first leaves another nothing on the hosts that both have. */
function precludes(first: BalanceRoute, later: BalanceRoute): boolean {
  const hasSameHeaders = JSON.stringify(first.headers) === JSON.stringify(later.headers);
  if (first.headers.length > 0 && !hasSameHeaders) return false;
  return (
    first.pattern === later.pattern || (first.priority > later.priority && isBelow(later, first))
  );
}

function isBelow({ pattern }: BalanceRoute, above: BalanceRoute): boolean {
  return pattern.startsWith(above.pattern.slice(0, -1));
}

function covers(host: string, other: string): boolean {
  if (host === "*" || host === other) return true;
  return host.startsWith("*.") && other.endsWith(host.slice(1));
}

/** Balto's own order, the more specific path first, is the file's unless a shorter one is to go before. */
function needsPriorities(order: readonly BalanceRoute[]): boolean {
  if (order.some(({ headers }) => headers.length > 0)) return true;
  return order.some((first, index) =>
    order.slice(index + 1).some((later) => {
      const isShorter = isBelow(later, first);
      const meet = covers(first.host, later.host) || covers(later.host, first.host);
      return (
        meet && isShorter && first.priority > later.priority && first.pattern !== later.pattern
      );
    }),
  );
}

/** Keys of every service: paths are sent as they came, limits and retries. */
function sharedKeys(balance: Balance): Part {
  const { root, taken } = balance;
  const security = taken.map(root, "security");
  const protection = taken.map(security, "connection_protection");
  const bodyBytes = count(balance, protection, "max_request_size", undefined, BODY_BYTES_MAX);
  const timeouts = taken.map(root, "timeouts");
  return {
    strip_prefix: false,
    preserve_host: true,
    max_body: bodyBytes === undefined ? undefined : size(bodyBytes),
    timeouts: {
      connect: duration(balance, timeouts, "connect", undefined),
      response: duration(balance, timeouts, "read", "30s"),
      read: duration(balance, timeouts, "read", "30s"),
      write: duration(balance, timeouts, "write", "30s"),
    },
    retry: retryOf(balance),
  };
}

function retryOf(balance: Balance): Part | undefined {
  const { root, taken } = balance;
  const node = taken.map(taken.map(root, "resilience"), "retry");
  if (!isEnabled(balance, node, "resilience.retry")) return undefined;
  return {
    // Balance counts the first attempt.
    attempts: count(balance, node, "max_attempts", 3, 11) - 1,
    backoff: {
      initial: duration(balance, node, "initial_delay", "100ms"),
      max: duration(balance, node, "max_delay", "10s"),
      multiplier: count(balance, node, "multiplier", 2, 100),
      jitter: count(balance, node, "jitter", 0.1, 1, 0),
    },
  };
}
