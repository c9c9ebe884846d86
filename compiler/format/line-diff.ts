/**
 * The difference of two texts by lines, in the unified form that `diff -u` and `patch` know. For files of
 * some thousand lines: what is the same at both ends is left out before the rest is compared.
 */

/** Lines around a change. */
const CONTEXT_LINES = 3;
/** A comparison takes time in the product of the changed lines; beyond this all of them are one change. */
const PRODUCT_MAX = 4_000_000;

type Op = { kind: " " | "-" | "+"; line: string };

/** The difference, "" where there is none. */
export function unifiedDiff(before: string, after: string, name: string): string {
  const ops = operations(linesOf(before), linesOf(after));
  const changed = ops.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  if (changed.length === 0) return "";
  const text = [`--- ${name}`, `+++ ${name}`];
  let at = 0;
  while (at < changed.length) {
    let last = at;
    while (last + 1 < changed.length && changed[last + 1]! - changed[last]! <= 2 * CONTEXT_LINES)
      last++;
    const from = Math.max(0, changed[at]! - CONTEXT_LINES);
    const to = Math.min(ops.length, changed[last]! + CONTEXT_LINES + 1);
    text.push(hunk(ops, from, to));
    at = last + 1;
  }
  return `${text.join("\n")}\n`;
}

function hunk(ops: readonly Op[], from: number, to: number): string {
  const count = (list: readonly Op[], other: "-" | "+") =>
    list.filter(({ kind }) => kind !== other).length;
  const part = ops.slice(from, to);
  const before = ops.slice(0, from);
  const range = (other: "-" | "+") => `${count(before, other) + 1},${count(part, other)}`;
  return [`@@ -${range("+")} +${range("-")} @@`, ...part.map(({ kind, line }) => kind + line)].join(
    "\n",
  );
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function operations(before: readonly string[], after: readonly string[]): Op[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const room = Math.min(before.length, after.length) - head;
  while (tail < room && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const same = (line: string): Op => ({ kind: " ", line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** By the longest common subsequence. */
function middle(before: readonly string[], after: readonly string[]): Op[] {
  const removed = before.map((line): Op => ({ kind: "-", line }));
  const added = after.map((line): Op => ({ kind: "+", line }));
  if (before.length * after.length > PRODUCT_MAX) return [...removed, ...added];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const ops: Op[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      ops.push({ kind: " ", line: before[i++]! });
      j++;
    } else if (
      j === after.length ||
      (i < before.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    ) {
      ops.push(removed[i++]!);
    } else ops.push(added[j++]!);
  }
  return ops;
}
