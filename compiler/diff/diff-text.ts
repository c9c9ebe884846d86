/**
 * A diff as a person reads it: the riskiest changes first, each with requests that show it.
 */
import { type Paint, painter, type Role } from "../report/colour.ts";
import { printable } from "../report/printable.ts";
import { printedPath } from "../report/printed-path.ts";
import {
  changeDetails,
  changeTitle,
  diffSummary,
  groupByChange,
  outcomeText,
  streamTitle,
} from "./change-text.ts";
import type { Risk } from "./change.ts";
import type { Diff, DiffClass, Outcome } from "./diff.ts";

export interface DiffTextOptions {
  colour: boolean;
  /** Go before paths of the trees. */
  prefixes: { before: string; after: string };
}

/** Classes of one change that are shown; the others are counted. */
const SHOWN_MAX = 10;
const DOMAINS_MAX = 5;

/** The text, with a line end after each line. */
export function diffText(diff: Diff, options: DiffTextOptions): string {
  const paint = painter(options.colour);
  const lines = [diffSummary(diff)];
  for (const group of groupByChange(diff.classes)) {
    lines.push("", ...groupLines(group, options, paint));
  }
  if (diff.streams.length > 0) lines.push("", paint("note", "streams"));
  for (const each of diff.streams) {
    const label = paint(ROLES[each.risk], each.risk.toUpperCase().padEnd(8));
    lines.push(label + paint("place", printable(streamTitle(each))));
    for (const { key, before, after } of each.settings) {
      lines.push(`          ${printable(`${key}  ${before} → ${after}`)}`);
    }
  }
  if (diff.gateway.length > 0) {
    lines.push("", paint("note", "settings of the whole gateway"));
    for (const { key, before, after } of diff.gateway) {
      lines.push(`  ${key}  ${printable(before)} → ${printable(after)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const ROLES: Record<Risk, Role> = { high: "error", medium: "warning", low: "note" };

function groupLines(group: readonly DiffClass[], options: DiffTextOptions, paint: Paint): string[] {
  const { risk, changes } = group[0]!;
  const lines = changes.flatMap((change, index) => {
    const label = index === 0 ? paint(ROLES[risk], risk.toUpperCase().padEnd(8)) : " ".repeat(8);
    return [
      label + paint("place", printable(changeTitle(change))),
      ...changeDetails(change).map((detail) => `          ${printable(detail)}`),
    ];
  });
  for (const each of group.slice(0, SHOWN_MAX)) lines.push(...classLines(each, options, paint));
  const more = group.length - SHOWN_MAX;
  if (more > 0) lines.push(`  and ${more} more like these`);
  return lines;
}

function classLines(each: DiffClass, options: DiffTextOptions, paint: Paint): string[] {
  const { before, after, domains, witness } = each;
  const { method, url, headers } = witness;
  const { prefixes } = options;
  const side = (label: string, outcome: Outcome, seen: string | null, prefix: string): string => {
    const place =
      outcome.route === null
        ? ""
        : `  ${paint("gutter", printable(printedPath(prefix, outcome.route.place)))}`;
    const as = seen === null ? "" : `  as ${printable(seen)}`;
    return `    ${paint("note", label)}  ${printable(outcomeText(outcome))}${place}${as}`;
  };
  const others = domains.slice(1, DOMAINS_MAX);
  const more = domains.length > DOMAINS_MAX ? ` and ${domains.length - DOMAINS_MAX} more` : "";
  return [
    `  ${printable(`${method} ${url}`)}`,
    ...headers.map(({ name, value }) => `    ${printable(`${name}: ${value}`)}`),
    side("before", before, witness.before, prefixes.before),
    side("after ", after, witness.after, prefixes.after),
    ...(others.length > 0 ? [`    ${paint("note", "also on")} ${others.join(", ")}${more}`] : []),
  ];
}
