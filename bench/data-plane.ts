/**
 * The data plane as `balto serve` starts it: the bundle where set-up has made one of these sources, with the
 * options and the allocator's settings that it has there.
 */
import { dataPlaneEntry } from "../cli/data-plane-entry.ts";
import { ALLOCATOR_ENVIRONMENT, NODE_OPTIONS } from "../cli/data-plane-runtime.ts";

/** The command without the data plane's own words. `node` is for options of a single measurement. */
export function dataPlaneCommand(node: readonly string[] = []): string[] {
  const environment = Object.entries(ALLOCATOR_ENVIRONMENT).map(
    ([name, value]) => `${name}=${value}`,
  );
  return ["env", ...environment, process.execPath, ...NODE_OPTIONS, ...node, dataPlaneEntry()];
}
