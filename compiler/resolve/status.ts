/**
 * Statuses: `503` and `500-599`, in lists.
 */
import type { StatusRange } from "../../artifact/model.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";

/** The ranges of a list in order, overlaps put together; what is none is reported. */
export function readStatuses(list: YamlNode, log: DiagnosticLog): StatusRange[] | undefined {
  if (list.kind !== "list") return undefined;
  return mergeRanges(
    itemsOf(list).flatMap((item) => {
      const text = statusText(item);
      if (text === undefined) return [];
      const range = parseStatus(text);
      if (range === undefined) log.report("BAL3017", item, { text, hint: hintFor(text) });
      return range ?? [];
    }),
  );
}

/** The text of an item that could be a status. */
export function statusText(node: YamlNode): string | undefined {
  if (node.kind !== "scalar" || node.changed) return undefined;
  const { value } = node;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** `503` or `500-599`; undefined for anything else. */
export function parseStatus(text: string): StatusRange | undefined {
  const match = /^([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last ? { first, last } : undefined;
}

/** The same statuses in as few ranges as there can be, in order. */
export function mergeRanges(ranges: readonly StatusRange[]): StatusRange[] {
  const merged: StatusRange[] = [];
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1) merged.push({ first, last });
    else before.last = Math.max(before.last, last);
  }
  return merged;
}

/** Classes are written in many ways. */
export function hintFor(text: string): string | undefined {
  const digit = /^([1-5])(?:xx|XX|\*)$/.exec(text)?.[1];
  if (digit !== undefined) return `write "${digit}00-${digit}99"`;
  const [, first, last] = /^([1-5][0-9]{2})\s*(?:-|\.\.|to|–)\s*([1-5][0-9]{2})$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return first <= last ? `write "${first}-${last}"` : `write "${last}-${first}"`;
}
