/**
 * An inspection as a person reads it: header, sizes, settings, then hosts with their routes in the
 * order in which they are tried, then streams, each with its pools and backends and the place it was written.
 */
import { grouped } from "./grouped.ts";
import type { Inspection } from "./inspection.ts";
import { predicateText } from "./predicate-text.ts";

/** One line an entry, without line ends. */
export function inspectionLines(inspection: Inspection): string[] {
  const { format_version, digest, revision, size } = inspection;
  return [
    `format    ${format_version}`,
    `digest    ${digest}`,
    `revision  ${revision === "" ? "none" : revision}`,
    ...signatures(inspection),
    `size      ${grouped(size)} bytes`,
    "",
    ...sizes(inspection),
    "",
    ...settings(inspection),
    ...hosts(inspection),
    ...streams(inspection),
  ];
}

function signatures({ signatures }: Inspection): string[] {
  if (signatures.length === 0) return ["signed    no"];
  return signatures.map(({ key_id, holds }) => {
    const verdict = holds === null ? "not checked" : holds ? "holds" : "does NOT hold";
    return `signed    by ${key_id}, ${verdict}`;
  });
}

function sizes({ sections }: Inspection): string[] {
  const rows = sections.map(({ name, rows, bytes }) => [name, grouped(rows), grouped(bytes)]);
  const table = [["section", "rows", "bytes"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map(([name, ...numbers]) => {
    const cells = numbers.map((text, index) => text.padStart(widths[index + 1]!));
    return [name!.padEnd(widths[0]!), ...cells].join("  ");
  });
}

function settings({ settings }: Inspection): string[] {
  const flat = Object.entries(settings).flatMap(([name, value]) => {
    if (typeof value !== "object" || Array.isArray(value)) return [[name, value] as const];
    return Object.entries(value).map(([part, inner]) => [`${name}.${part}`, inner] as const);
  });
  const width = Math.max(...flat.map(([name]) => name.length));
  return flat.map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    return `${name.padEnd(width)}  ${text === "" ? "-" : text}`;
  });
}

function hosts({ hosts, services, pools }: Inspection): string[] {
  const poolLines = new Map(pools.map((pool) => [pool.key, backends(pool)]));
  return hosts.flatMap(({ domain, services: numbers }) => [
    "",
    domain,
    ...numbers.flatMap((number) => {
      const service = services[number]!;
      const { name, path_prefix, methods, match, priority, pool, file, line, column } = service;
      const takes = [
        methods.length === 0 ? "any method" : methods.join(", "),
        ...match.map(predicateText),
        ...(priority === 0 ? [] : [`priority ${priority}`]),
      ].join("  ");
      return [
        `  ${path_prefix}  ${takes}  ${name}  ${file}:${line}:${column}`,
        ...poolLines.get(pool)!,
      ];
    }),
  ]);
}

function streams({ streams, pools }: Inspection): string[] {
  const poolLines = new Map(pools.map((pool) => [pool.key, backends(pool)]));
  return streams.flatMap(({ name, listen, protocol, pool, sni, file, line, column }) => [
    "",
    `${protocol} ${listen}  ${name}  ${file}:${line}:${column}`,
    ...sni.flatMap((route) => [`  ${route.names.join(", ")}`, ...poolLines.get(route.pool)!]),
    ...(sni.length === 0 ? [] : [`  ${pool === null ? "any other name is closed" : "any other"}`]),
    ...(pool === null ? [] : poolLines.get(pool)!),
  ]);
}

/** A pool's lines: what is off, or has no effect, is not told. */
function backends({ key, backends, ...pool }: Inspection["pools"][number]): string[] {
  return [
    `    pool ${key}, ${algorithm(pool)}`,
    ...policies(pool).map((line) => `      ${line}`),
    ...backends.map(({ url, weight, name, priority, max_connections, file, line, column }) => {
      const parts = [
        ...(name === "" ? [] : [name]),
        url,
        `weight ${weight}`,
        ...(priority === 0 ? [] : [`priority ${priority}`]),
        ...(max_connections === 0 ? [] : [`max_connections ${max_connections}`]),
        `${file}:${line}:${column}`,
      ];
      return `      ${parts.join("  ")}`;
    }),
  ];
}

type Policy = Omit<Inspection["pools"][number], "key" | "backends">;

function algorithm({ load_balancing: { algorithm: name, hash, bounded_load } }: Policy): string {
  if (hash === null) return name;
  const source = hash.name === "" ? hash.by : `${hash.by}:${hash.name}`;
  return `${name} of ${source}${bounded_load === 0 ? "" : ` bounded at ${bounded_load}`}`;
}

function policies(policy: Policy): string[] {
  const { load_balancing: balancing, health_check: health, passive, circuit_breaker } = policy;
  const { sticky } = balancing;
  const probe =
    health?.type === "tcp" ? "tcp" : `${health?.type} ${health?.method} ${health?.path}`;
  return [
    ...(sticky === null ? [] : [`sticky by the cookie ${sticky.cookie}`]),
    ...(health === null ? [] : [`probes ${probe} every ${health.interval_ms} ms`]),
    ...(passive === null ? [] : [`passive ${ejection(passive)}`]),
    circuit_breaker === null
      ? "no circuit breaker"
      : `breaker opens after ${circuit_breaker.failure_threshold} for ${circuit_breaker.timeout_ms} ms`,
  ];
}

function ejection(passive: NonNullable<Policy["passive"]>): string {
  const { consecutive_failures: count, failure_rate: rate, ejection_time_ms } = passive;
  const reasons = [
    ...(count === 0 ? [] : [`${count} failures`]),
    ...(rate === 0 ? [] : [`a failure rate of ${rate}`]),
  ];
  return `ejects after ${reasons.join(" or ")} for ${ejection_time_ms} ms`;
}
