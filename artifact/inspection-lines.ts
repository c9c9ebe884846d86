/**
 * An inspection as a person reads it: header, sizes, settings, then hosts with their routes in the
 * order in which they are tried, each with its pool and backends and the place it was written.
 */
import type { Inspection } from "./inspection.ts";

/** One line an entry, without line ends. */
export function inspectionLines(inspection: Inspection): string[] {
  const { format_version, digest, revision, size } = inspection;
  return [
    `format    ${format_version}`,
    `digest    ${digest}`,
    `revision  ${revision === "" ? "none" : revision}`,
    `size      ${grouped(size)} bytes`,
    "",
    ...sizes(inspection),
    "",
    ...settings(inspection),
    ...hosts(inspection),
  ];
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
      const { name, path_prefix, methods, pool, file, line, column } = services[number]!;
      const takes = methods.length === 0 ? "any method" : methods.join(", ");
      return [
        `  ${path_prefix}  ${takes}  ${name}  ${file}:${line}:${column}`,
        ...poolLines.get(pool)!,
      ];
    }),
  ]);
}

function backends({ key, algorithm, backends }: Inspection["pools"][number]): string[] {
  return [
    `    pool ${key}, ${algorithm}`,
    ...backends.map(({ url, weight, name, file, line, column }) => {
      const named = name === "" ? "" : `${name}  `;
      return `      ${named}${url}  weight ${weight}  ${file}:${line}:${column}`;
    }),
  ];
}

/** A count with its thousands apart, the same in every locale. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
}
