/**
 * The second half of reading YAML: the yaml package's nodes become Balto's, with aliases resolved
 * and counted. Recursion is bounded by DEPTH_MAX.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { nearest } from "../nearest.ts";
import type { SourceText, Span } from "../source-text.ts";
import type { YamlMap, YamlNode, YamlScalar } from "./yaml-node.ts";

/** Values that the aliases of one file may stand for; every later stage visits each of them. */
const ALIAS_VALUES_MAX = 100_000;
/** Anchors that are compared with an unknown alias: guessing must stay cheap. */
const ANCHORS_NEAR_MAX = 100;

/** The tree below a document's contents, or undefined after an error in its aliases. */
export function buildTree(
  contents: Node,
  source: SourceText,
  log: DiagnosticLog,
): YamlNode | undefined {
  const building = new Building(source, log);
  const root = building.node(contents, source.top);
  return building.failed ? undefined : root;
}

/** An anchored value and how many values it holds; `node` is undefined while it is being built. */
interface Anchored {
  node: YamlNode | undefined;
  values: number;
}

class Building {
  failed = false;
  #source: SourceText;
  #log: DiagnosticLog;
  #anchors = new Map<string, Anchored>();
  #values = 0;
  #aliasValues = 0;

  constructor(source: SourceText, log: DiagnosticLog) {
    this.#source = source;
    this.#log = log;
  }

  /** `key` is where to point at for a value that is not there. */
  node(node: unknown, key: Span): YamlNode {
    if (isAlias(node)) return this.#alias(node.source, this.#span(node, key), key);
    this.#values++;
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return this.#value(node, key);
    const anchored: Anchored = { node: undefined, values: 0 };
    const before = this.#values - 1;
    this.#anchors.set(anchor, anchored);
    anchored.node = this.#value(node, key);
    anchored.values = this.#values - before;
    return anchored.node;
  }

  #value(node: unknown, key: Span): YamlNode {
    if (isMap(node)) return this.#map(node, key);
    if (isSeq(node)) {
      const span = this.#span(node, key);
      // Where to point at for an item that is not there: the list's beginning.
      const head = { ...span, end: Math.min(span.end, span.start + 1) };
      const items = node.items.map((item) => this.node(item, head));
      const last = items.length - 1;
      if (node.flow !== true && last >= 0) span.end = this.#endOf(node.items[last], items[last]!);
      return { kind: "list", ...span, items };
    }
    if (isScalar(node)) return this.#scalar(node, key);
    return { kind: "scalar", ...key, value: null, changed: false };
  }

  #map(node: YAMLMap, key: Span): YamlMap {
    const map: YamlMap = { kind: "map", ...this.#span(node, key), entries: new Map() };
    let end = map.end;
    for (const pair of node.items as Pair[]) {
      const at = this.#span(pair.key, map);
      const name = this.#key(pair.key, at);
      // The value is looked at even where its key is wrong: it may hold anchors.
      const value = this.node(pair.value, at);
      end = this.#endOf(pair.value, value);
      if (name === undefined) continue;
      const first = map.entries.get(name);
      if (first === undefined) {
        map.entries.set(name, { key: at, value });
      } else {
        this.#log.report("BAL1021", at, { key: name }, [
          { message: "first given here", span: first.key },
        ]);
      }
    }
    if (node.flow !== true) map.end = end;
    return map;
  }

  /** Where a collection's last value ends: the package goes on to the comments below it. */
  #endOf(node: unknown, built: YamlNode): number {
    return isAlias(node) ? this.#span(node, built).end : built.end;
  }

  #key(key: unknown, at: Span): string | undefined {
    // `8080: x` has a number for a key; what stands there is the name all the same.
    if (isScalar(key) && typeof key.value === "string") return key.value;
    if (isScalar(key) && key.value !== null && key.source !== undefined) return key.source;
    const found = isScalar(key) ? "empty" : isAlias(key) ? "an alias" : "a list or a mapping";
    this.#log.report("BAL1031", at, { found });
    return undefined;
  }

  #scalar(node: Scalar, key: Span): YamlScalar {
    const range = this.#span(node, key);
    const span = range.end > range.start ? range : key;
    const { value, source: written } = node;
    if (typeof value === "number" && node.type === "PLAIN" && written !== undefined) {
      const read = String(value);
      if (read !== written) this.#log.report("BAL1030", span, { written, read });
      return { kind: "scalar", ...span, value, changed: read !== written };
    }
    const known =
      typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    return { kind: "scalar", ...span, value: known ? value : null, changed: false };
  }

  #alias(name: string, at: Span, key: Span): YamlNode {
    const nothing: YamlNode = { kind: "scalar", ...key, value: null, changed: false };
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) {
      this.failed = true;
      if (this.#log.isFull(this.#source.path)) return nothing;
      const near = nearest(name, [...this.#anchors.keys()].slice(0, ANCHORS_NEAR_MAX));
      this.#log.report("BAL1029", at, { alias: name, near });
      return nothing;
    }
    if (anchored.node === undefined) {
      this.failed = true;
      this.#log.report("BAL1028", at, { alias: name });
      return nothing;
    }
    this.#values += anchored.values;
    this.#aliasValues += anchored.values;
    if (this.#aliasValues > ALIAS_VALUES_MAX) {
      // Once is enough: every alias after this one is over the limit too.
      if (!this.failed) this.#log.report("BAL1025", at, { alias: name, limit: ALIAS_VALUES_MAX });
      this.failed = true;
      return nothing;
    }
    return anchored.node;
  }

  #span(node: unknown, otherwise: Span): Span {
    const range =
      isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
    if (range === undefined || range === null) return { ...otherwise };
    return { source: this.#source, start: range[0], end: range[1] };
  }
}
