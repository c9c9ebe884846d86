/**
 * How a line of a source file looks on a terminal: the columns that each character takes. Carets
 * are placed by it, for a file's columns count UTF-16 units.
 */
import { isUnsafe } from "./printable.ts";

/** One thing a reader sees as a character. */
export interface Cell {
  /** What is shown: the grapheme itself, or spaces for a tab, or a mark for what is not shown. */
  text: string;
  /** Columns it takes: 0, 1 or 2, more for a tab. */
  width: number;
  /** Its first UTF-16 unit in the line, and the one after its last. */
  start: number;
  end: number;
}

/** Narrower than a terminal's 8: YAML is indented by 2 and lines are cut at the frame's width. */
const TAB_STOP = 4;
const REPLACEMENT = "\ufffd";
const PLAIN = /^[\x20-\x7e]*$/;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]+$/u;
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u;
/** East Asian Wide and Fullwidth, in ranges that are wide as a whole. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Takes a line apart. `from` is where in the whole line the given part of it begins. */
export function cells(line: string, from = 0): Cell[] {
  const list: Cell[] = [];
  let column = 0;
  for (const text of PLAIN.test(line) ? line : segments(line)) {
    const start = list.at(-1)?.end ?? from;
    const shown = show(text, column);
    list.push({ ...shown, start, end: start + text.length });
    column += shown.width;
  }
  return list;
}

function* segments(line: string): Generator<string> {
  for (const { segment } of graphemes.segment(line)) yield segment;
}

function show(text: string, column: number): { text: string; width: number } {
  if (text === "\t") {
    const width = TAB_STOP - (column % TAB_STOP);
    return { text: " ".repeat(width), width };
  }
  if (isUnsafe(text)) return { text: REPLACEMENT, width: 1 };
  return { text, width: widthOf(text) };
}

function widthOf(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}
