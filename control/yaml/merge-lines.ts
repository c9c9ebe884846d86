/**
 * Merges an edit into a text that looks a little different from the one that was edited.
 *
 * The yaml package keeps comments, but writes a whole file in its own layout. So the edit is taken as
 * the difference between the package's layout before and after it, and put into the file as its
 * author laid it out: lines that the edit does not touch stay as they are.
 */
import { diffLines, type Hunk } from "./line-diff.ts";

/**
 * @param base the package's layout before the edit
 * @param edited the package's layout after it
 * @param original what stands in the file; where both changed the same lines, the edit wins
 * @param keyOf what makes two lines of base and original the same: without white space, say
 */
export function mergeLines(
  base: readonly string[],
  edited: readonly string[],
  original: readonly string[],
  keyOf: (line: string) => string = (line) => line,
): string[] {
  const merged: string[] = [];
  let from = 0;
  // How far a line of the base has moved on each side.
  let [byEdit, byLayout] = [0, 0];
  const hunks = [
    ...diffLines(base, edited).map((hunk) => ({ ...hunk, isEdit: true })),
    ...diffLines(base.map(keyOf), original.map(keyOf)).map((hunk) => ({ ...hunk, isEdit: false })),
  ];
  for (const { start, end, edit, layout } of regions(hunks)) {
    merged.push(...original.slice(from + byLayout, start + byLayout));
    const [startE, startO] = [start + byEdit, start + byLayout];
    if (edit !== undefined) byEdit = edit.afterEnd - edit.beforeEnd;
    if (layout !== undefined) byLayout = layout.afterEnd - layout.beforeEnd;
    const theirs = original.slice(startO, end + byLayout);
    if (edit === undefined) merged.push(...theirs);
    else merged.push(...carry(base.slice(start, end), edited.slice(startE, end + byEdit), theirs));
    from = end;
  }
  merged.push(...original.slice(from + byLayout));
  return merged;
}

interface SidedHunk extends Hunk {
  isEdit: boolean;
}

/** Lines of the base that one side or both changed, and the last hunk of each side there. */
interface Region {
  start: number;
  end: number;
  edit: Hunk | undefined;
  layout: Hunk | undefined;
}

/** Changes that overlap are one region; what is put in front of a changed line is one of its own. */
function regions(hunks: readonly SidedHunk[]): Region[] {
  const found: Region[] = [];
  for (const hunk of hunks.toSorted(compare)) {
    const { beforeStart: start, beforeEnd: end, isEdit } = hunk;
    let region = found.at(-1);
    if (region === undefined || start >= region.end) {
      found.push((region = { start, end, edit: undefined, layout: undefined }));
    }
    region.end = Math.max(region.end, end);
    if (isEdit) region.edit = hunk;
    else region.layout = hunk;
  }
  return found;
}

function compare(a: SidedHunk, b: SidedHunk): number {
  return (
    a.beforeStart - b.beforeStart ||
    Number(!isInsertion(a)) - Number(!isInsertion(b)) ||
    Number(a.isEdit) - Number(b.isEdit)
  );
}

function isInsertion({ beforeStart, beforeEnd }: Hunk): boolean {
  return beforeStart === beforeEnd;
}

/** The edited lines in the author's layout where line stands against line; else as they are. */
function carry(
  before: readonly string[],
  after: readonly string[],
  original: readonly string[],
): readonly string[] {
  if (before.length !== after.length || before.length !== original.length) return after;
  return after.map((line, index) => carryLine(before[index] ?? "", line, original[index] ?? ""));
}

/** Puts the words that changed into the original line, if they stand in it just once. */
function carryLine(before: string, after: string, original: string): string {
  if (before === after) return original;
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  while (start > 0 && before[start - 1] !== " ") start--;
  while (end > 0 && before.at(-end) !== " ") end--;
  const was = before.slice(start, before.length - end);
  const pieces = original.split(was);
  if (was === "" || pieces.length !== 2) return after;
  return pieces.join(after.slice(start, after.length - end));
}
