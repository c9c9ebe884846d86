/**
 * Backends of a Balance file and how one of them is picked, with health checks and breaker: the blocks
 * that a service and a stream have in common.
 */
import { parseBackendUrl } from "../../artifact/address.ts";
import { headOf, valueAt, type YamlNode } from "../parse/yaml-node.ts";
import type { Balance, Part } from "./conversion.ts";
import { cleanName, count, duration, isEnabled } from "./balance-values.ts";

export interface BalancePool {
  /** In the order of the file. */
  backends: Part[];
  /** By the name, or the address, that routes call them by; of several with one name the first. */
  byName: Map<string, Part>;
  /** Keys that stand beside `backends` in a service or stream. */
  policy: Part;
}

/** Balance's algorithm when none is named. */
const ALGORITHM = "round-robin";
const COUNT_MAX = 1_000_000;

/** Reads `backends`, `load_balancer`, `health_check` and `resilience.circuit_breaker`. */
export function balancePool(balance: Balance): BalancePool {
  return {
    ...backendsOf(balance),
    policy: {
      load_balancing: loadBalancing(balance),
      health_check: healthCheck(balance),
      circuit_breaker: circuitBreaker(balance),
    },
  };
}

function backendsOf(balance: Balance): Pick<BalancePool, "backends" | "byName"> {
  const { root, taken, log, mode } = balance;
  const backends: Part[] = [];
  const byName = new Map<string, Part>();
  const scheme = mode === "tcp" ? "tcp" : isTlsBehind(balance) ? "https" : "http";
  for (const node of taken.items(root, "backends")) {
    const address = taken.text(node, "address");
    if (address === undefined || address === "") {
      log.report("BAL6106", headOf(node), {});
      continue;
    }
    const url = `${scheme}://${address.startsWith(":") ? "localhost" : ""}${address}`;
    // A port is always given in Go.
    if (typeof parseBackendUrl(url) === "string" || !/:[0-9]+$/.test(address)) {
      taken.refuse(node, "address", "host:port");
    }
    const name = taken.text(node, "name") ?? "";
    if (name !== cleanName(name)) {
      const what = `names have no such characters here: it is ${cleanName(name)}`;
      log.report("BAL6108", valueAt(node, "name")!, { key: "name", what });
    }
    const backend = {
      url,
      name: name === "" ? undefined : cleanName(name),
      weight: count(balance, node, "weight", undefined, COUNT_MAX),
      max_connections: count(balance, node, "max_connections", undefined, COUNT_MAX),
    };
    backends.push(backend);
    for (const key of [name, address]) if (!byName.has(key)) byName.set(key, backend);
  }
  if (backends.length === 0 && !log.hasErrors) log.report("BAL6106", headOf(root), {});
  return { backends, byName };
}

/** Only of HTTP; which key says how is told as not imported. */
function isTlsBehind({ root, mode }: Balance): boolean {
  const enabled = valueAt(valueAt(valueAt(root, "tls"), "backend"), "enabled");
  return mode === "http" && enabled?.kind === "scalar" && enabled.value === true;
}

function loadBalancing(balance: Balance): Part {
  const { root, taken, log } = balance;
  const node = taken.map(root, "load_balancer");
  const algorithm = taken.text(node, "algorithm") ?? ALGORITHM;
  const known = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (known === undefined) log.report("BAL6107", valueAt(node, "algorithm")!, { algorithm });
  const isHash = known === "consistent-hash";
  return {
    algorithm: known === ALGORITHM ? undefined : known,
    bounded_load: isHash && algorithm !== "consistent-hash" ? 1.25 : undefined,
    hash_key: isHash ? hashKey(balance, node) : undefined,
  };
}

const ALGORITHMS: Readonly<Record<string, string>> = {
  "round-robin": "round-robin",
  "least-connections": "least-connections",
  "weighted-round-robin": "weighted-rr",
  "weighted-least-connections": "weighted-least-connections",
  "consistent-hash": "consistent-hash",
  "bounded-consistent-hash": "consistent-hash",
  "bounded-load": "consistent-hash",
};

function hashKey({ taken, log, mode }: Balance, node: YamlNode | undefined): string | undefined {
  const key = taken.text(node, "hash_key");
  if (key === undefined || key === "source-ip") return key;
  if (!/^header:[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(key)) {
    taken.refuse(node, "hash_key", "source-ip or header:NAME");
  } else if (mode === "tcp") {
    const what = "connections have no headers: they go by the client's address";
    log.report("BAL6108", valueAt(node, "hash_key")!, { key: "hash_key", what });
    return undefined;
  }
  return key;
}

function healthCheck(balance: Balance): Part | undefined {
  const { root, taken, mode } = balance;
  const node = taken.map(root, "health_check");
  if (!isEnabled(balance, node, "health_check")) return undefined;
  const type = taken.text(node, "type") || "tcp";
  if (!["tcp", "http", "https"].includes(type)) taken.refuse(node, "type", "tcp, http or https");
  return {
    type: mode === "tcp" && type === "tcp" ? undefined : type,
    ...(type !== "tcp" && httpProbe(balance, node)),
    interval: duration(balance, node, "interval", "10s"),
    timeout: duration(balance, node, "timeout", "3s"),
    unhealthy_threshold: count(balance, node, "unhealthy_threshold", 3, 100_000),
    healthy_threshold: count(balance, node, "healthy_threshold", 2, 100_000),
    passive: passive(balance, taken.map(node, "passive_checks")),
  };
}

function httpProbe({ taken }: Balance, node: YamlNode | undefined): Part {
  return {
    path: (taken.text(node, "path") || taken.text(node, "http_path")) ?? "/health",
    method: taken.text(node, "http_method"),
    expected_status: expectedStatus(taken, node),
  };
}

/** One status or a list of them. */
function expectedStatus(taken: Balance["taken"], node: YamlNode | undefined): string[] | undefined {
  const key = "http_expected_status";
  if (valueAt(node, key)?.kind === "list") return taken.texts(node, key);
  const status = taken.text(node, key);
  return status === undefined ? undefined : [status];
}

function passive(balance: Balance, node: YamlNode | undefined): Part {
  if (!isEnabled(balance, node, "health_check.passive_checks")) return { enabled: false };
  return {
    consecutive_failures: count(balance, node, "consecutive_failures", 5, 100_000),
    failure_rate: count(balance, node, "error_rate_threshold", 0.5, 1, 0),
    window: duration(balance, node, "window", "1m"),
  };
}

function circuitBreaker(balance: Balance): Part {
  const { root, taken } = balance;
  const node = taken.map(taken.map(root, "resilience"), "circuit_breaker");
  if (!isEnabled(balance, node, "resilience.circuit_breaker")) return { enabled: false };
  const probes = count(balance, node, "max_concurrent_requests", 1, 64);
  return {
    failure_threshold: count(balance, node, "max_failures", 5, 100_000),
    timeout: duration(balance, node, "timeout", "1m"),
    max_half_open_requests: probes,
    // Balance closes after as many successes as it lets through at a time.
    success_threshold: probes,
  };
}
