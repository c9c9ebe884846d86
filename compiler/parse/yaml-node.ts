/**
 * What the compiler sees of a YAML file: mappings, lists and scalars with their places. Aliases are
 * resolved (the same node stands in several places), keys are texts, nothing of the yaml package is
 * left.
 */
import type { Span } from "../source-text.ts";

export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap extends Span {
  kind: "map";
  /** In the order of the file. A Map: a key may be `__proto__`. */
  entries: Map<string, YamlEntry>;
}

export interface YamlEntry {
  key: Span;
  value: YamlNode;
}

export interface YamlList extends Span {
  kind: "list";
  items: YamlNode[];
}

export interface YamlScalar extends Span {
  kind: "scalar";
  value: string | number | boolean | null;
  /** True where YAML changed a number as it read it (`1.10`): reported already. */
  changed: boolean;
}

/** The value under a key of a mapping. */
export function valueAt(node: YamlNode | undefined, key: string): YamlNode | undefined {
  return node?.kind === "map" ? node.entries.get(key)?.value : undefined;
}

/** The items of a list; none where it is no list. */
export function itemsOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "list" ? node.items : [];
}

/** Where to point at for a node as such: the first key of a mapping, not all of its lines. */
export function headOf(node: YamlNode): Span {
  if (node.kind === "scalar") return node;
  if (node.kind === "list") return { ...node, end: Math.min(node.end, node.start + 1) };
  const first = node.entries.values().next().value;
  // In flow style the brace comes before the first key.
  if (first === undefined || first.key.start !== node.start) {
    return { source: node.source, start: node.start, end: Math.min(node.end, node.start + 1) };
  }
  return first.key;
}

/** The node as a plain JavaScript value. Shared nodes stay shared. */
export function toPlain(node: YamlNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toPlain);
  const plain: Record<string, unknown> = {};
  for (const [key, { value }] of node.entries) {
    // An assignment to __proto__ would change the object, not add a key.
    if (key === "__proto__")
      Object.defineProperty(plain, key, { value: toPlain(value), enumerable: true });
    else plain[key] = toPlain(value);
  }
  return plain;
}
