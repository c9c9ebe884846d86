/**
 * Inspect: all that an artifact says, as one plain JSON value for programs or as lines for people.
 */
import { type Inspection, inspectJson } from "./inspection.ts";
import { inspectionLines } from "./inspection-lines.ts";
import type { TrustedKey } from "./signature.ts";
import { openArtifact, type View } from "./view.ts";

export { type Inspection, inspectJson } from "./inspection.ts";

/**
 * Verifies a file and shows it; what is not asked for is not made.
 *
 * @param keys whose signatures are checked
 * @throws ArtifactError as `openArtifact` does
 */
export function inspect(
  file: Uint8Array,
  keys: readonly TrustedKey[] = [],
): { readonly json: Inspection; readonly lines: string[] } {
  const view = openArtifact(file);
  return {
    get json() {
      return inspectJson(view, file.byteLength, keys);
    },
    get lines() {
      return inspectText(view, file.byteLength, keys);
    },
  };
}

/** The lines of a view for people; `bytesTotal` is the size of its file. */
export function inspectText(
  view: View,
  bytesTotal: number,
  keys: readonly TrustedKey[] = [],
): string[] {
  return inspectionLines(inspectJson(view, bytesTotal, keys));
}
