/**
 * Where something listens: a port, `:port` or `host:port`.
 */
import { parseListenAddress } from "../../artifact/address.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { referringText, sampleOf } from "./text.ts";

/** The address that a node gives, as `:port` or `host:port`; undefined where it gives none or a wrong one. */
export function readListen(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  if (node?.kind !== "scalar" || node.changed) return undefined;
  const number = typeof node.value === "number" ? `:${node.value}` : undefined;
  if (number !== undefined && !Number.isInteger(node.value)) return undefined;
  const read =
    number === undefined
      ? referringText(node, log)
      : { text: number, parts: [{ kind: "text" as const, text: number }] };
  if (read === undefined) return undefined;
  // A reference may stand for the port, the host or both: one that could be right is let through.
  const sample = sampleOf(read.parts, () => "1");
  const address = parseListenAddress(sample.replace(/^1:/, "a:"));
  if (typeof address === "string") {
    log.report("BAL3008", node, { reason: address });
    return undefined;
  }
  return /^[0-9]+$/.test(read.text) ? `:${read.text}` : read.text;
}
