/** Paths of a tree as a reader outside it can use them. */

/** Joins the prefix of a report and a file of the tree; either may be empty. */
export function printedPath(prefix: string, file: string): string {
  const start = prefix === "" || prefix === "." ? "" : prefix.replace(/\/*$/, "/");
  if (file !== "") return start + file;
  return start === "" ? "." : start.slice(0, -1) || "/";
}
