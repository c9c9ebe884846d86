/**
 * The difference of two texts by lines: Myers' greedy algorithm (1986), on what is left between a
 * common beginning and a common end.
 */

/** Lines `beforeStart` to `beforeEnd` of the one became lines `afterStart` to `afterEnd` of the other. */
export interface Hunk {
  beforeStart: number;
  beforeEnd: number;
  afterStart: number;
  afterEnd: number;
}

/** Memory grows with the square of it: 16 MB. Beyond, what differs is one hunk. */
const EDITS_MAX = 2_000;

/** The hunks in order; between two of them at least one line is the same. */
export function diffLines(before: readonly string[], after: readonly string[]): Hunk[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let [endA, endB] = [before.length, after.length];
  while (endA > start && endB > start && before[endA - 1] === after[endB - 1]) {
    endA--;
    endB--;
  }
  if (start === endA && start === endB) return [];
  const whole: Hunk = { beforeStart: start, beforeEnd: endA, afterStart: start, afterEnd: endB };
  if (start === endA || start === endB) return [whole];
  const a = before.slice(start, endA);
  const b = after.slice(start, endB);
  const steps = shortestEdit(a, b);
  return steps === undefined ? [whole] : hunksOf(steps, a.length, b.length, start);
}

/** For each number of edits, how far down each diagonal one comes; undefined where there are too many. */
function shortestEdit(a: readonly string[], b: readonly string[]): Int32Array[] | undefined {
  const most = Math.min(a.length + b.length, EDITS_MAX);
  let reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const steps: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits++) {
    steps.push(reach.slice(middle - edits - 1, middle + edits + 2));
    const next = reach.slice();
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down =
        diagonal === -edits ||
        (diagonal !== edits && at(reach, middle + diagonal - 1) < at(reach, middle + diagonal + 1));
      let x = down ? at(reach, middle + diagonal + 1) : at(reach, middle + diagonal - 1) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      next[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return steps;
    }
    reach = next;
  }
  return undefined;
}

/** Walks the way back from the end, and gathers edits that touch each other. */
function hunksOf(
  steps: readonly Int32Array[],
  lengthA: number,
  lengthB: number,
  offset: number,
): Hunk[] {
  const hunks: Hunk[] = [];
  let [x, y] = [lengthA, lengthB];
  for (let edits = steps.length - 1; edits > 0; edits--) {
    const reach = steps[edits] ?? new Int32Array();
    const middle = edits + 1;
    const diagonal = x - y;
    const down =
      diagonal === -edits ||
      (diagonal !== edits && at(reach, middle + diagonal - 1) < at(reach, middle + diagonal + 1));
    const fromDiagonal = down ? diagonal + 1 : diagonal - 1;
    const fromX = at(reach, middle + fromDiagonal);
    const fromY = fromX - fromDiagonal;
    const edit: Hunk = {
      beforeStart: fromX + offset,
      beforeEnd: (down ? fromX : fromX + 1) + offset,
      afterStart: fromY + offset,
      afterEnd: (down ? fromY + 1 : fromY) + offset,
    };
    const [next] = hunks;
    if (next?.beforeStart === edit.beforeEnd && next.afterStart === edit.afterEnd) {
      next.beforeStart = edit.beforeStart;
      next.afterStart = edit.afterStart;
    } else {
      hunks.unshift(edit);
    }
    [x, y] = [fromX, fromY];
  }
  return hunks;
}

/** The first step comes from the corner, one above the start. */
function at(reach: Int32Array, index: number): number {
  return reach[index] ?? 0;
}
