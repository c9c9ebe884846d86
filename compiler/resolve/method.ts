/**
 * Methods of a service: RFC 9110 tokens, which are case-sensitive.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { plainText } from "./text.ts";

const METHOD_LENGTH_MAX = 32;
/** RFC 9110 §9 and RFC 5789, without those that a gateway refuses. */
const USUAL = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
const REFUSED = ["CONNECT", "TRACE"];

/** The methods of a list, sorted, each once; wrong ones are reported and left out. */
export function readMethods(list: YamlNode | undefined, log: DiagnosticLog): string[] {
  const methods = new Set<string>();
  for (const item of itemsOf(list)) {
    const method = plainText(item);
    if (method === undefined) continue;
    const upper = method.toUpperCase();
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method) || method.length > METHOD_LENGTH_MAX) {
      log.report("BAL3006", item, { method, reason: "is not a method", near: undefined });
    } else if (REFUSED.includes(upper)) {
      log.report("BAL3006", item, { method, reason: "is refused by Balto", near: undefined });
    } else if (method !== upper && USUAL.includes(upper)) {
      log.report("BAL3006", item, { method, reason: "is not what clients send", near: upper });
    } else if (methods.has(method)) {
      log.report("BAL2008", item, { value: method });
    } else {
      methods.add(method);
    }
  }
  return [...methods].toSorted();
}
