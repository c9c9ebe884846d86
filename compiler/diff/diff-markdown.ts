/**
 * A diff as a comment on a pull request: GitHub's and GitLab's Markdown. The first line is a mark by which
 * a job finds its comment of the last push again.
 */
import { printable } from "../report/printable.ts";
import {
  changeDetails,
  changeTitle,
  diffSummary,
  groupByChange,
  outcomeText,
  streamTitle,
} from "./change-text.ts";
import type { Diff, DiffClass } from "./diff.ts";

const MARKDOWN_MARK = "<!-- balto-diff -->";

/** Rows of one table; comments have a limit of 65,536 characters. */
const ROWS_MAX = 50;
const GROUPS_MAX = 20;

/** The text, with a line end after each line. */
export function diffMarkdown(diff: Diff): string {
  const groups = groupByChange(diff.classes);
  const lines = [MARKDOWN_MARK, `### Balto: ${diffSummary(diff)}`];
  for (const group of groups.slice(0, GROUPS_MAX)) lines.push("", ...groupLines(group));
  if (groups.length > GROUPS_MAX) lines.push("", `and ${groups.length - GROUPS_MAX} more changes`);
  if (diff.streams.length > 0) lines.push("", "**Streams**", "");
  for (const each of diff.streams.slice(0, ROWS_MAX)) {
    lines.push(`- **${each.risk}: ${escaped(streamTitle(each))}**`);
    for (const { key, before, after } of each.settings) {
      lines.push(`  - ${code(`${key}  ${before} → ${after}`)}`);
    }
  }
  const more = diff.streams.length - ROWS_MAX;
  if (more > 0) lines.push("", `and ${more} more streams`);
  if (diff.gateway.length > 0) {
    lines.push(
      "",
      "**Settings of the whole gateway**",
      "",
      "| setting | before | after |",
      "|---|---|---|",
    );
    for (const { key, before, after } of diff.gateway) lines.push(row([key, before, after]));
  }
  return `${lines.join("\n")}\n`;
}

function groupLines(group: readonly DiffClass[]): string[] {
  const { risk, changes } = group[0]!;
  const lines = changes.flatMap((change, index) => [
    index === 0
      ? `**${risk}: ${escaped(changeTitle(change))}**`
      : `**${escaped(changeTitle(change))}**`,
    ...changeDetails(change).map((detail) => `- ${code(detail)}`),
  ]);
  lines.push("", "| for example | before | after |", "|---|---|---|");
  for (const { witness, before, after } of group.slice(0, ROWS_MAX)) {
    const headers = witness.headers.map(({ name, value }) => `${name}: ${value}`);
    const request = [`${witness.method} ${witness.url}`, ...headers];
    const was = [outcomeText(before), ...(witness.before === null ? [] : [witness.before])];
    const is = [outcomeText(after), ...(witness.after === null ? [] : [witness.after])];
    lines.push(`| ${[request, was, is].map((cell) => cell.map(code).join("<br>")).join(" | ")} |`);
  }
  if (group.length > ROWS_MAX) lines.push("", `and ${group.length - ROWS_MAX} more like these`);
  return lines;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(code).join(" | ")} |`;
}

/** A text as code, whatever it holds: it comes from a file that somebody proposes to change. */
function code(text: string): string {
  const safe = printable(text).replaceAll("|", "\\|");
  const fence = "`".repeat(1 + Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length)));
  const pad = safe.startsWith("`") || safe.endsWith("`") ? " " : "";
  return `${fence}${pad}${safe}${pad}${fence}`;
}

function escaped(text: string): string {
  return printable(text).replaceAll(/[\\`*_{}[\]<>|]/g, "\\$&");
}
