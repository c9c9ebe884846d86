/**
 * Scalars: numbers, truth values and words of the schema as they are read in many places. Types and
 * ranges are the schema's business: what is wrong has been reported.
 */
import type { YamlNode } from "../parse/yaml-node.ts";
import type { BlockKey } from "./block.ts";
import { parseDuration, readDuration } from "./duration.ts";
import { plainText } from "./text.ts";

/** A number. */
export function readNumber(node: YamlNode): number | undefined {
  return node.kind === "scalar" && typeof node.value === "number" ? node.value : undefined;
}

/** A truth value. */
export function readTruth(node: YamlNode): boolean | undefined {
  return node.kind === "scalar" && typeof node.value === "boolean" ? node.value : undefined;
}

/** The truth value of a node, or the default where the key is left out or wrong. */
export function readFlag(node: YamlNode | undefined, fallback: boolean): boolean {
  return (node && readTruth(node)) ?? fallback;
}

/** A number in hundredths: 0.2 is 20. What is not nothing stays more than nothing. */
export function readPercent(node: YamlNode): number | undefined {
  const value = readNumber(node);
  return value === undefined ? undefined : toPercent(value);
}

export function toPercent(value: number): number {
  return value > 0 ? Math.max(1, Math.round(value * 100)) : 0;
}

/** Reads one of some words. */
export function wordReader<T extends string>(
  words: readonly T[],
): (node: YamlNode) => T | undefined {
  return (node) => words.find((word) => word === plainText(node));
}

/** A key that is a duration; `least` and `mostHours` as of `readDuration`. */
export function durationKey<Y>(
  key: keyof Y & string,
  fallback: string,
  least: 0 | 1,
  mostHours?: number,
): BlockKey<Y, number> {
  return {
    key,
    read: (node, log) => readDuration(node, fallback, least, log, mostHours),
    fallback: parseDuration(fallback) ?? 0,
  };
}
