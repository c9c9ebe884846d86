/**
 * An explanation as a person reads it: first what happens, then how it came to that, then what else it
 * could have been.
 */
import { type Paint, painter } from "../report/colour.ts";
import { printable } from "../report/printable.ts";
import { printedPath } from "../report/printed-path.ts";
import type { Explanation } from "./explanation.ts";
import type { NearMiss } from "./near-misses.ts";
import type { PathStep } from "./path-steps.ts";
import type { Setting } from "./provenance.ts";
import { stateText } from "./backend-state.ts";
import type { Candidate } from "./upstream.ts";
import { routeLine } from "./route-ref.ts";

export interface TextOptions {
  colour: boolean;
  columns: number;
  /** Goes before each path of the tree, so that a reader can open what is printed. */
  prefix: string;
}

interface Page {
  paint: Paint;
  columns: number;
  place: (text: string) => string;
}

/** The text, with a line end after each line. */
export function explanationText(explanation: Explanation, options: TextOptions): string {
  const paint = painter(options.colour);
  const page: Page = {
    paint,
    columns: options.columns,
    place: (text) => paint("gutter", printable(printedPath(options.prefix, text))),
  };
  const sections = [
    outcome(explanation, page),
    way(explanation, page),
    upstream(explanation, page),
    pool(explanation, page),
    settings(explanation, page),
    nearMisses(explanation.near_misses, page),
  ];
  const filled = sections.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** The request, and what becomes of it. */
function outcome({ request, status, why, allow, upstream, pool }: Explanation, { paint }: Page) {
  const { method, url, headers } = request;
  const lines = [paint("place", printable(`${method} ${url}`))];
  for (const { name, value } of headers) lines.push(printable(`${name}: ${value}`));
  if (upstream !== null && pool !== null) {
    const count = pool.backends.length;
    const [only] = pool.backends;
    const to = count === 1 ? only!.address : `one of ${count} backends of ${pool.name}`;
    const as = printable(`${upstream.method} ${upstream.target}`);
    lines.push(paint("help", `goes to ${printable(to)} as ${as}`));
    return lines;
  }
  const role = status < 300 ? "help" : "error";
  lines.push(paint(role, `is answered ${status} by the gateway: ${printable(why)}`));
  if (allow.length > 0) lines.push(`Allow: ${allow.join(", ")}`);
  return lines;
}

/** Host, path and route: one line each. */
function way({ host, path, route, parameters, status }: Explanation, page: Page): string[] {
  const rows: [label: string, text: string][] = [["host", hostText(host, status === 404)]];
  if (path.matched !== "") {
    const from = path.matched === path.sent ? "" : `, from ${path.sent}`;
    rows.push(["path", printable(path.matched + from)]);
  }
  if (route !== null) {
    rows.push(["route", `${printable(route.service)}  ${page.place(route.place)}`]);
    rows.push(["", printable(routeLine(route))]);
    rows.push(["", path.steps.map((step) => stepText(step)).join("  ")]);
  }
  for (const { name, value } of parameters) rows.push(["", printable(`:${name} = ${value}`)]);
  return rows
    .filter(([, text]) => text !== "")
    .map(([label, text]) => `${page.paint("note", label.padEnd(LABEL_COLUMNS))}${text}`);
}

const LABEL_COLUMNS = 8;

function hostText({ name, domain, similar }: Explanation["host"], isAsked: boolean): string {
  const shown = printable(name);
  if (domain === name || (domain === "" && !isAsked)) return shown;
  if (domain !== "") return `${shown}, covered by ${domain}`;
  const [near] = similar;
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  return `${shown}, which no domain covers${meant}`;
}

function stepText({ text, by }: PathStep): string {
  if (by === "rest") return text === "" ? "* takes nothing more" : `* takes ${printable(text)}`;
  return printable(text);
}

function upstream({ upstream }: Explanation, { paint }: Page): string[] {
  if (upstream === null) return [];
  const fields = upstream.fields.map(
    ({ name, value }) => `${paint("gutter", `${name}:`)} ${printable(value)}`,
  );
  const line = printable(`${upstream.method} ${upstream.target}`);
  return [paint("note", "the backend sees"), ...[line, ...fields].map((text) => `  ${text}`)];
}

function pool({ pool, route }: Explanation, page: Page): string[] {
  if (pool === null) return [];
  const { name, algorithm, backends } = pool;
  const isLive = backends.some(({ states }) => states !== undefined);
  const rows = backends.map(({ name: label, address, share, place, states = [], ...rest }) => [
    `${shareText(share)}%`,
    printable(label === "" ? address : `${address} (${label})`) + traitsText(rest),
    ...(isLive ? [printable(states.map(stateText).join("; "))] : []),
    page.place(place),
  ]);
  const title = page.paint("note", "pool".padEnd(LABEL_COLUMNS));
  // A service's own pool stands where the service does.
  const place = name === route?.service ? "" : `  ${page.place(pool.place)}`;
  const head = `${title}${printable(name)}, ${algorithm}${place}`;
  const references = new Set(backends.flatMap(({ url }) => url.match(/\$\{[^}]*\}/g) ?? []));
  const open = [...references].map((text) => `  shown with the default of ${printable(text)}`);
  return [head, ...table(rows), ...open];
}

/** What few backends have. */
function traitsText({
  priority,
  max_connections: most,
}: Pick<Candidate, "priority" | "max_connections">): string {
  return (priority === 0 ? "" : `, priority ${priority}`) + (most === 0 ? "" : `, at most ${most}`);
}

/** With one decimal where it is no whole number. */
function shareText(share: number): string {
  return Number.isInteger(share) ? String(share) : share.toFixed(1);
}

/** What somebody has set, each with its place; then the defaults, which are only named. */
function settings({ settings }: Explanation, page: Page): string[] {
  if (settings === null) return [];
  const own = [...settings.route, ...settings.pool];
  const given = own.filter(({ from }) => from !== "default");
  const gateway = settings.gateway.filter(
    ({ key, from }) => from !== "default" && OF_REQUESTS.test(key),
  );
  const defaults = own.filter(({ from }) => from === "default");
  const rows = [...given, ...gateway].map((setting) => [
    setting.key,
    printable(setting.value),
    sourceText(setting, page),
  ]);
  return [
    page.paint("note", "settings"),
    ...table(rows),
    ...paragraph(
      "by default: ",
      defaults.map(({ key, value }) => `${key} ${value}`),
      page.columns,
    ),
  ];
}

/** What of the gateway's settings has to do with a request. */
const OF_REQUESTS =
  /^(?:limits|cors|trusted_proxies|read|write|idle|underscores|encoded_backslash|strict_paths|forward_trailers|via)/;

function sourceText({ from, place }: Setting, page: Page): string {
  if (place !== undefined) return page.place(place);
  if (from === "tree") return "set in the tree";
  return `from the ${from === "global" ? "global block" : from}`;
}

function nearMisses(misses: readonly NearMiss[], page: Page): string[] {
  if (misses.length === 0) return [];
  return [
    page.paint("note", "near misses"),
    ...misses.flatMap(({ route, why }) => [
      `  ${printable(route.service)}  ${printable(routeLine(route))}  ${page.place(route.place)}`,
      `    ${page.paint("warning", printable(why))}`,
    ]),
  ];
}

/** Rows of cells, each column as wide as its widest cell; colours do not count. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) => {
    return Math.max(0, ...rows.map((row) => widthOf(row[column] ?? "")));
  });
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell + " ".repeat(widths[column]! - widthOf(cell)));
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape of a colour
  return text.replaceAll(/\u001b\[[0-9;]*m/g, "").length;
}

/** Words that go on over as many lines as they need. */
function paragraph(start: string, words: readonly string[], columns: number): string[] {
  if (words.length === 0) return [];
  const lines: string[] = [];
  let line = `  ${start}`;
  for (const [index, word] of words.entries()) {
    const text = printable(word) + (index === words.length - 1 ? "" : ", ");
    if (line.length + text.length > Math.max(columns, 60)) {
      lines.push(line.trimEnd());
      line = "    ";
    }
    line += text;
  }
  return [...lines, line];
}
