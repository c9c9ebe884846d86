/**
 * The routes of a Balance file, one by one.
 */
import { formatDomain, parseDomain } from "../../artifact/domain.ts";
import { parsePattern } from "../../artifact/pattern.ts";
import { headOf, valueAt, type YamlNode } from "../parse/yaml-node.ts";
import type { Span } from "../source-text.ts";
import type { Balance, Part } from "./conversion.ts";
import type { BalancePool } from "./balance-pool.ts";
import { cleanName, count } from "./balance-values.ts";

export interface BalanceRoute {
  name: string;
  /** Canonical; `*` where the route has none. */
  host: string;
  /** With `/*` at its end. */
  pattern: string;
  headers: Part[];
  /** Higher ones first. */
  priority: number;
  backends: readonly Part[];
  /** Where it stands in the file; undefined of what stands there for no route. */
  at: Span | undefined;
}

/** Reads `http.routes`, in the order of the file. */
export function balanceRoutes(
  balance: Balance,
  http: YamlNode | undefined,
  pool: BalancePool,
): BalanceRoute[] {
  const { taken } = balance;
  return taken.items(http, "routes").map((node, index) => ({
    name: cleanName(taken.text(node, "name") ?? "") || `route-${index + 1}`,
    host: hostOf(balance, node),
    pattern: patternOf(balance, node),
    headers: headersOf(balance, node),
    priority: count(balance, node, "priority", 0, 1000, -999),
    backends: backendsOf(balance, pool, node),
    at: headOf(node),
  }));
}

function hostOf({ taken }: Balance, node: YamlNode): string {
  const host = taken.text(node, "host");
  if (host === undefined || host === "") return "*";
  const domain = parseDomain(host);
  if (typeof domain !== "string") return formatDomain(domain);
  taken.refuse(node, "host", "a host such as api.example.com or *.example.com");
  return "*";
}

function patternOf({ taken, log }: Balance, node: YamlNode): string {
  const prefix = taken.text(node, "path_prefix") || "/";
  const trimmed = prefix.replaceAll(/^\/+|\/+$/g, "");
  const pattern = trimmed === "" ? "/*" : `/${trimmed}/*`;
  const parsed = parsePattern(pattern);
  const isPlain = !("reason" in parsed) && parsed.segments.every(({ kind }) => kind === "literal");
  if (!isPlain) {
    taken.refuse(node, "path_prefix", "a path without : and * at the beginning of its parts");
  } else if (trimmed !== "" && !prefix.endsWith("/")) {
    const what = `${pattern} takes /${trimmed} and what is below it, and not /${trimmed}x`;
    log.report("BAL6108", valueAt(node, "path_prefix")!, { key: "path_prefix", what });
  }
  return pattern;
}

function headersOf({ taken }: Balance, node: YamlNode): Part[] {
  const headers = taken.map(node, "headers");
  return [...(headers?.entries.keys() ?? [])].map((name) => ({
    name,
    exact: taken.text(headers, name),
  }));
}

/** The named ones; a route that names none uses all. */
function backendsOf({ taken, log }: Balance, pool: BalancePool, node: YamlNode): readonly Part[] {
  const found = taken.items(node, "backends").flatMap((item) => {
    const name = item.kind === "scalar" ? String(item.value) : "";
    const backend = pool.byName.get(name);
    if (backend === undefined) log.report("BAL6109", headOf(item), { name });
    return backend === undefined ? [] : [backend];
  });
  return found.length > 0 ? found : pool.backends;
}
