/**
 * Makes a YAML node say something else and leaves alone what says it already: comments, order, quotes
 * and anchors of every part that stays.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from "yaml";

/** A value as JSON has it. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/**
 * The node for a value, by preference `node` itself, changed.
 *
 * @param order where a new key goes among the others; keys not in it go to the end
 */
export function reshape(
  document: Document,
  node: unknown,
  value: Plain,
  order: readonly string[] = [],
): Node {
  if (isScalar(node) && (typeof value !== "object" || value === null)) return scalar(node, value);
  if (isMap(node) && isMapping(value)) return map(document, node, value, order);
  if (isSeq(node) && Array.isArray(value)) return list(document, node, value);
  if (isAlias(node) && isDeepStrictEqual(node.toJS(document), value)) return node;
  return create(document, value);
}

/** A new node as Balto writes one: lists of plain values in one line, everything else in blocks. */
export function create(document: Document, value: Plain): Node {
  if (Array.isArray(value)) {
    const items = new YAMLSeq(document.schema);
    items.items = value.map((item) => create(document, item));
    items.flow = value.every((item) => typeof item !== "object" || item === null);
    return items;
  }
  if (!isMapping(value)) return new Scalar(value);
  const mapping = new YAMLMap(document.schema);
  for (const [key, item] of Object.entries(value)) {
    mapping.items.push(document.createPair(key, create(document, item)));
  }
  return mapping;
}

function isMapping(value: Plain): value is { [key: string]: Plain } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function scalar(node: Scalar, value: string | number | boolean | null): Scalar {
  if (node.value === value) return node;
  // A number in quotes would be a text; a text without needs them only where it reads as something else.
  if (typeof value !== "string" || isBlock(node)) delete node.type;
  delete node.source;
  delete node.format;
  delete node.minFractionDigits;
  node.value = value;
  return node;
}

function isBlock({ type }: Scalar): boolean {
  return type === "BLOCK_FOLDED" || type === "BLOCK_LITERAL";
}

function map(
  document: Document,
  node: YAMLMap,
  value: { [key: string]: Plain },
  order: readonly string[],
): YAMLMap {
  const pairs = node.items as Pair<unknown, unknown>[];
  node.items = pairs.filter((pair) => Object.hasOwn(value, keyOf(pair)));
  for (const [key, item] of Object.entries(value)) {
    const pair = node.items.find((candidate) => keyOf(candidate) === key);
    if (pair === undefined) {
      const rank = order.indexOf(key);
      const after = node.items.findLastIndex((candidate) => {
        const other = order.indexOf(keyOf(candidate));
        return rank === -1 || (other !== -1 && other < rank);
      });
      node.items.splice(after + 1, 0, document.createPair(key, create(document, item)));
    } else {
      const next = reshape(document, pair.value, item);
      if (next !== pair.value) keepComments(pair.value, next);
      pair.value = next;
    }
  }
  return node;
}

function keyOf({ key }: Pair<unknown, unknown>): string {
  if (!isScalar(key)) return String(key);
  return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
}

/** A remark beside a value stays when another kind of value takes its place. */
function keepComments(from: unknown, to: Node): void {
  if (!isScalar(from)) return;
  if (typeof from.commentBefore === "string") to.commentBefore = from.commentBefore;
  if (typeof from.comment === "string") to.comment = from.comment;
}

/** Items that stay are found in order; what is between them is changed in place, one by one. */
function list(document: Document, node: YAMLSeq, value: readonly Plain[]): YAMLSeq {
  const old = node.items;
  const plain = old.map((item) => plainOf(document, item));
  const items: unknown[] = [];
  let from = 0;
  let waiting: Plain[] = [];
  const settle = (end: number): void => {
    waiting.forEach((item, index) => {
      const before = from + index < end ? old[from + index] : undefined;
      items.push(
        before === undefined ? alike(document, old, item) : reshape(document, before, item),
      );
    });
    waiting = [];
  };
  for (const item of value) {
    const found = plain.findIndex(
      (other, index) => index >= from && isDeepStrictEqual(other, item),
    );
    if (found === -1) {
      waiting.push(item);
      continue;
    }
    settle(found);
    items.push(old[found]);
    from = found + 1;
  }
  settle(old.length);
  node.items = items;
  return node;
}

function plainOf(document: Document, item: unknown): unknown {
  return isScalar(item) || isMap(item) || isSeq(item) || isAlias(item)
    ? item.toJS(document, { maxAliasCount: -1 })
    : item;
}

/** A new item among others is quoted as they are. */
function alike(document: Document, others: readonly unknown[], value: Plain): Node {
  const node = create(document, value);
  const example = others.find((other) => isScalar(other) && typeof other.value === "string");
  if (isScalar(node) && typeof value === "string" && isScalar(example)) {
    if (example.type === "QUOTE_DOUBLE" || example.type === "QUOTE_SINGLE")
      node.type = example.type;
  }
  return node;
}
