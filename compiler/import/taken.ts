/**
 * A foreign file as it is read key by key: what was taken is remembered, so that what was not can be
 * named with its line. Nothing of the file is lost without a word: a value of the wrong kind is an
 * error.
 */
import type { DiagnosticLog } from "../diagnostic-log.ts";
import {
  headOf,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
  valueAt,
} from "../parse/yaml-node.ts";
import { describeNode } from "../validate/type-words.ts";

/** A key nobody took. */
export interface LeftKey {
  /** From the root, list positions in brackets: `security.rate_limit`, `backends[0].x`. */
  path: string;
  node: YamlNode;
}

export class Taken {
  readonly #taken = new Set<YamlNode>();
  readonly #log: DiagnosticLog;

  constructor(log: DiagnosticLog) {
    this.#log = log;
  }

  /** The mapping under a key; the keys in it are still to be taken. */
  map(node: YamlNode | undefined, key: string): YamlMap | undefined {
    const value = this.#value(node, key);
    if (value === undefined || value.kind === "map") return value;
    return this.#refuse(key, value, "a mapping");
  }

  /** A text, or a number or truth value as it would be written. */
  text(node: YamlNode | undefined, key: string): string | undefined {
    const value = this.#value(node, key);
    if (value === undefined) return undefined;
    return value.kind === "scalar" ? textOf(value) : this.#refuse(key, value, "a text");
  }

  number(node: YamlNode | undefined, key: string): number | undefined {
    const value = this.#value(node, key);
    if (value === undefined) return undefined;
    const isNumber = value.kind === "scalar" && typeof value.value === "number";
    return isNumber ? (value.value as number) : this.#refuse(key, value, "a number");
  }

  /** A truth value, as YAML 1.1 has it too. */
  flag(node: YamlNode | undefined, key: string): boolean | undefined {
    const value = this.#value(node, key);
    if (value === undefined) return undefined;
    const word = value.kind === "scalar" ? String(value.value).toLowerCase() : "";
    if (["true", "yes", "on"].includes(word)) return true;
    if (["false", "no", "off"].includes(word)) return false;
    return this.#refuse(key, value, "true or false");
  }

  /** The items of a list; what is in them is still to be taken. */
  items(node: YamlNode | undefined, key: string): readonly YamlNode[] {
    const value = this.#value(node, key);
    if (value === undefined) return [];
    if (value.kind !== "list") return this.#refuse(key, value, "a list") ?? [];
    for (const item of value.items) this.#taken.add(item);
    return value.items;
  }

  /** One item of a list; the others are left. */
  item(node: YamlNode | undefined, key: string, item: YamlNode): void {
    this.#value(node, key);
    this.#taken.add(item);
  }

  /** A list of texts. */
  texts(node: YamlNode | undefined, key: string): string[] {
    return this.items(node, key).flatMap((item) => {
      if (item.kind === "scalar" && item.value !== null) return [textOf(item)];
      return this.#refuse(key, item, "a list of texts") ?? [];
    });
  }

  /** Takes everything in a node. */
  all(node: YamlNode): void {
    this.#taken.add(node);
    const inside =
      node.kind === "map"
        ? [...node.entries.values()].map(({ value }) => value)
        : node.kind === "list"
          ? node.items
          : [];
    for (const one of inside) this.all(one);
  }

  /** Reports a value that is not what its key has to have. */
  refuse(node: YamlNode | undefined, key: string, expected: string): void {
    this.#refuse(key, valueAt(node, key)!, expected);
  }

  /** A key that holds nothing is as good as none. */
  #value(node: YamlNode | undefined, key: string): YamlNode | undefined {
    const value = valueAt(node, key);
    if (value === undefined) return undefined;
    this.#taken.add(value);
    return value.kind === "scalar" && value.value === null ? undefined : value;
  }

  #refuse(key: string, node: YamlNode, expected: string): undefined {
    const value = node.kind === "scalar" ? JSON.stringify(node.value) : describeNode(node);
    this.#log.report("BAL6105", headOf(node), { key, value, expected });
  }

  /** The outermost keys below `root` that were not taken, in the order of the file. */
  left(root: YamlNode): LeftKey[] {
    const left: LeftKey[] = [];
    const visit = (node: YamlNode, path: string): void => {
      if (!this.#taken.has(node)) left.push({ path, node });
      else if (node.kind === "list") node.items.forEach((item, i) => visit(item, `${path}[${i}]`));
      else if (node.kind === "map") visitAll(node, `${path}.`);
    };
    const visitAll = (node: YamlNode, prefix: string): void => {
      if (node.kind !== "map") return;
      for (const [key, { value }] of node.entries) visit(value, `${prefix}${key}`);
    };
    visitAll(root, "");
    return left;
  }
}

/** Go takes a number for a text as it stands: 1.10 is not 1.1. */
function textOf({ value, changed, source, start, end }: YamlScalar): string {
  return changed ? source.text.slice(start, end) : String(value);
}
