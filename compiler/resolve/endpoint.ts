/**
 * Endpoints: URLs of services that Balto itself sends to.
 */
import { parseBackendUrl } from "../../artifact/address.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { referringText, sampleOf } from "./text.ts";

/** The URL of a node, which may hold references; undefined where there is none, or it was reported. */
export function readEndpoint(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  if (node === undefined || read === undefined || read.text === "") return undefined;
  // What stands for itself is a whole URL, or a host, or a port.
  const sample = sampleOf(read.parts, (before) => (before === "" ? "http://a" : "1"));
  // A default of nothing: there is none where the reference leads nowhere.
  if (sample === "") return read.text;
  const url = parseBackendUrl(sample);
  if (typeof url !== "string") return read.text;
  log.report("BAL3050", node, { reason: url });
  return undefined;
}
