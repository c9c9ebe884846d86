/** Columns of text, as wide as they must be. */
import { cells } from "../compiler/report/display-width.ts";

export interface Column {
  title: string;
  /** Numbers stand at the right. */
  align?: "right";
}

/** The lines of a table; nothing but the titles where there are no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const all = [columns.map(({ title }) => title), ...rows.map((row) => row.map(plain))];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index] ?? ""))),
  );
  return all.map((row) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? "";
        const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)));
        return align === "right" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

function displayWidth(text: string): number {
  return cells(text).reduce((sum, { width }) => sum + width, 0);
}

/** What a terminal would obey is shown as a question mark. */
function plain(cell: string): string {
  return cell.replaceAll(/\p{Cc}/gu, "?");
}
