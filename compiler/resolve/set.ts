/**
 * Lists that are sets.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { plainText } from "./text.ts";

/** The texts of a list as `read` gives them, each once; a repeated one is reported. */
export function readSet(
  list: YamlNode | undefined,
  log: DiagnosticLog,
  read: (item: YamlNode, text: string) => string | void,
): string[] {
  const values = new Set<string>();
  for (const item of itemsOf(list)) {
    const text = plainText(item);
    const value = text === undefined ? undefined : read(item, text);
    if (value === undefined) continue;
    if (values.has(value)) log.report("BAL2008", item, { value });
    values.add(value);
  }
  return [...values];
}
