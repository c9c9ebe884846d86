/**
 * Lists of networks, each in its canonical form, sorted.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { parseNetwork } from "./network.ts";
import { readSet } from "./set.ts";

/** The networks of a list; what is none is reported. */
export function readNetworks(list: YamlNode | undefined, log: DiagnosticLog): string[] {
  return readSet(list, log, (item, text) => {
    const network = parseNetwork(text);
    if (typeof network === "string") return network;
    return log.report("BAL3007", item, { text, ...network });
  }).toSorted();
}
