/**
 * A change of one file as people and `git apply` read it: the unified format, three lines of context.
 */
import { diffLines, type Hunk } from "./line-diff.ts";

const CONTEXT = 3;

/** The diff of a file in a tree; undefined is a file that is not there. "" where nothing differs. */
export function unifiedDiff(
  path: string,
  before: string | undefined,
  after: string | undefined,
): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  const groups = grouped(diffLines(a, b), a.length);
  if (groups.length === 0) return "";
  const out = [
    `--- ${before === undefined ? "/dev/null" : `a/${path}`}`,
    `+++ ${after === undefined ? "/dev/null" : `b/${path}`}`,
  ];
  for (const group of groups) out.push(...groupLines(group, a, b));
  return `${out.join("\n")}\n`;
}

/** Lines with what git says of a last one that has no end. */
function linesOf(text: string | undefined): string[] {
  if (text === undefined || text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines[lines.length - 1] += "\n\\ No newline at end of file";
  return lines;
}

interface Group {
  /** Of the old file, context included. */
  start: number;
  end: number;
  hunks: Hunk[];
}

function grouped(hunks: readonly Hunk[], length: number): Group[] {
  const groups: Group[] = [];
  for (const hunk of hunks) {
    const start = Math.max(0, hunk.beforeStart - CONTEXT);
    const end = Math.min(length, hunk.beforeEnd + CONTEXT);
    const last = groups.at(-1);
    if (last !== undefined && start <= last.end) {
      last.hunks.push(hunk);
      last.end = end;
    } else {
      groups.push({ start, end, hunks: [hunk] });
    }
  }
  return groups;
}

function groupLines(
  { start, end, hunks }: Group,
  a: readonly string[],
  b: readonly string[],
): string[] {
  const lines: string[] = [];
  let at = start;
  for (const { beforeStart, beforeEnd, afterStart, afterEnd } of hunks) {
    lines.push(...a.slice(at, beforeStart).map((line) => ` ${line}`));
    lines.push(...a.slice(beforeStart, beforeEnd).map((line) => `-${line}`));
    lines.push(...b.slice(afterStart, afterEnd).map((line) => `+${line}`));
    at = beforeEnd;
  }
  lines.push(...a.slice(at, end).map((line) => ` ${line}`));
  const [first, last] = [hunks[0], hunks.at(-1)];
  const newStart = (first?.afterStart ?? 0) - ((first?.beforeStart ?? 0) - start);
  const newEnd = (last?.afterEnd ?? 0) + (end - (last?.beforeEnd ?? 0));
  return [`@@ -${range(start, end)} +${range(newStart, newEnd)} @@`, ...lines];
}

/** Lines count from 1; an empty range names the line before it. */
function range(start: number, end: number): string {
  const count = end - start;
  const first = count === 0 ? start : start + 1;
  return count === 1 ? String(first) : `${first},${count}`;
}
