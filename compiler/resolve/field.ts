/**
 * Reading a key of a mapping that the schema names: a key that the schema does not have does not
 * compile.
 */
import { valueAt, type YamlNode } from "../parse/yaml-node.ts";

/** The value under a key of a mapping of the kind `T`, whatever it turns out to be. */
export function field<T>(node: YamlNode | undefined, key: keyof T & string): YamlNode | undefined {
  return valueAt(node, key);
}
