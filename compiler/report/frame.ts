/**
 * A code frame: the lines that a diagnostic is about, with carets under the range.
 *
 *       |
 *     4 |   - domian: api.example.com
 *       |     ^^^^^^
 *
 * A line wider than the frame is cut to a window around the carets.
 */
import type { Location } from "../diagnostic.ts";
import type { Paint, Role } from "./colour.ts";
import { cells } from "./display-width.ts";
import type { Cell } from "./display-width.ts";
import type { LineAt } from "./source-lines.ts";

export interface FrameStyle {
  paint: Paint;
  /** Of the carets. */
  role: Role;
  /** Columns that a whole row may take. */
  columns: number;
}

/** One line of the source and the part of it to mark, in UTF-16 units from 0. */
interface Row {
  number: number;
  text: string;
  start: number;
  end: number;
}

const INDENT = "  ";
const ELLIPSIS = "…";
/** A window never gets narrower, however narrow the terminal says it is. */
const WINDOW_COLUMNS_MIN = 40;
/** Room for what comes before the carets in a line that is cut. */
const LEAD_COLUMNS = 20;
/** UTF-16 units taken apart around the range; a line may have millions. */
const NEAR_UNITS = 2000;

/** The frame's rows, none where the tree does not have the lines. */
export function frame(location: Location, lineAt: LineAt, style: FrameStyle): string[] {
  const rows = rowsOf(location, lineAt);
  const last = rows.at(-1);
  if (last === undefined) return [];
  const digits = String(last.number).length;
  const window = Math.max(WINDOW_COLUMNS_MIN, style.columns - INDENT.length - digits - 3);
  const gutter = (label: string): string =>
    INDENT + style.paint("gutter", `${label.padStart(digits)} |`);
  const printed = [gutter("")];
  let previous: Row | undefined;
  for (const row of rows) {
    if (previous !== undefined && row.number > previous.number + 1) printed.push(gutter(ELLIPSIS));
    const { source, lead, carets } = render(row, window);
    printed.push(`${gutter(String(row.number))} ${source}`.trimEnd());
    printed.push(`${gutter("")} ${" ".repeat(lead)}${style.paint(style.role, "^".repeat(carets))}`);
    previous = row;
  }
  return printed;
}

/** The first line of the range and, when it has several, the last. */
function rowsOf({ file, start, end }: Location, lineAt: LineAt): Row[] {
  const first = lineAt(file, start.line);
  if (first === undefined) return [];
  const from = start.column - 1;
  if (end.line <= start.line) {
    const to = end.line === start.line ? end.column - 1 : from;
    return [{ number: start.line, text: first, start: from, end: to }];
  }
  const rows = [{ number: start.line, text: first, start: from, end: first.length }];
  // A range that ends at the start of a line ends with the line before it.
  const number = end.column > 1 ? end.line : end.line - 1;
  const text = lineAt(file, number);
  if (number > start.line && text !== undefined && text.trim() !== "") {
    const to = end.column > 1 ? end.column - 1 : text.length;
    rows.push({ number, text, start: text.search(/\S/), end: to });
  }
  return rows;
}

function render(row: Row, window: number): { source: string; lead: number; carets: number } {
  const near = nearby(row);
  const before = widthOf(near.filter((cell) => cell.end <= row.start));
  const marked = widthOf(near.filter((cell) => cell.end > row.start && cell.start < row.end));
  const carets = Math.max(1, marked);
  const cutBefore = near[0] !== undefined && near[0].start > 0;
  const cutAfter = (near.at(-1)?.end ?? 0) < row.text.length;
  if (!cutBefore && !cutAfter && widthOf(near) <= window) {
    return { source: near.map((cell) => cell.text).join(""), lead: before, carets };
  }
  // Too wide: show the range's start with some of what is before it.
  const from = cutBefore || before + carets > window ? Math.max(0, before - LEAD_COLUMNS) : 0;
  const head = cutBefore || from > 0 ? ELLIPSIS : "";
  const room = window - head.length - ELLIPSIS.length;
  const shown: Cell[] = [];
  let column = 0;
  let skipped = 0;
  let used = 0;
  for (const cell of near) {
    if (column < from) skipped += cell.width;
    else if (used + cell.width <= room) {
      shown.push(cell);
      used += cell.width;
    } else break;
    column += cell.width;
  }
  const tail = (shown.at(-1)?.end ?? 0) < row.text.length ? ELLIPSIS : "";
  const lead = head.length + before - skipped;
  const source = head + shown.map((cell) => cell.text).join("") + tail;
  return { source, lead, carets: Math.max(1, Math.min(carets, head.length + used - lead)) };
}

/** The cells of the line around the range, or of all of it when it is not very long. */
function nearby({ text, start }: Row): Cell[] {
  if (text.length <= 2 * NEAR_UNITS) return cells(text);
  let from = Math.max(0, start - NEAR_UNITS);
  if (isLowSurrogate(text, from)) from++;
  let to = Math.min(text.length, start + NEAR_UNITS);
  if (isLowSurrogate(text, to)) to++;
  return cells(text.slice(from, to), from);
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function widthOf(list: readonly Cell[]): number {
  return list.reduce((sum, cell) => sum + cell.width, 0);
}
