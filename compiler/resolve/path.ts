/**
 * Paths of files on the machine that serves.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { referringText } from "./text.ts";

/** The path of a node, which may hold references; undefined where there is none, or it was reported. */
export function readPath(node: YamlNode | undefined, log: DiagnosticLog): string | undefined {
  const read = referringText(node, log);
  if (node === undefined || read === undefined) return undefined;
  const { text } = read;
  // DER in base64 begins so; a path hardly does, and is never so long without a dot.
  if (/^MI[A-Za-z0-9+/=\s]{62,}$/.test(text)) {
    const hint = "write the path of the file that holds it; if it was a private key, change it now";
    log.report("BAL3011", node, { what: "key material", hint });
    return undefined;
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    log.report("BAL3015", node, { reason: "it holds a control character" });
    return undefined;
  }
  return text;
}
