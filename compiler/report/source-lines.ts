/** The lines of a tree's files, decoded when a frame first asks for one and kept for the next. */
import type { SourceTree } from "../source-tree.ts";

/** A line's text without its line end; undefined where the tree does not have it. */
export type LineAt = (file: string, line: number) => string | undefined;

export function sourceLines(tree: SourceTree): LineAt {
  const contents = new Map(tree.files.map(({ path, content }) => [path, content]));
  const read = new Map<string, string[]>();
  return (file, line) => {
    let lines = read.get(file);
    if (lines === undefined) {
      const content = contents.get(file);
      if (!(content instanceof Uint8Array)) return undefined;
      // Not fatal: a file that is no UTF-8 has a diagnostic, and that wants a frame too.
      lines = new TextDecoder().decode(content).split(/\r?\n/);
      read.set(file, lines);
    }
    return lines[line - 1];
  };
}
