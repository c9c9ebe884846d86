/**
 * One file's text, and places in it. Places are offsets in UTF-16 code units until a diagnostic is
 * finished: line and column are computed for what is printed, not for what is parsed.
 */
import type { Location, Position } from "./diagnostic.ts";

/** A half-open range of one file. */
export interface Span {
  source: SourceText;
  start: number;
  end: number;
}

export class SourceText {
  readonly path: string;
  readonly text: string;
  #lineStarts: number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The whole range of nothing at the file's beginning, for what concerns the file as such. */
  get top(): Span {
    return { source: this, start: 0, end: 0 };
  }

  /** Line and column of an offset; one beyond the text is its end. */
  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const starts = (this.#lineStarts ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  }
}

/** The place of a span as diagnostics give it. */
export function locate({ source, start, end }: Span): Location {
  return {
    file: source.path,
    start: source.position(start),
    end: source.position(Math.max(start, end)),
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
