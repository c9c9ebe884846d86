/**
 * Sizes: `512B`, `16KiB`, `10MiB` to bytes. Only the units of IEC 80000-13: with `KB` one never knows.
 */
import { hasReference } from "../../artifact/reference.ts";
import { SIZE_PATTERN } from "../../schema/schemas.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { describeNode } from "../validate/type-words.ts";

/** What a key takes, written as sizes. */
export interface SizeRange {
  least: string;
  most: string;
}

/** Bytes of a node; undefined where the key is left out or wrong, which has been reported. */
export function readSize(
  node: YamlNode | undefined,
  { least, most }: SizeRange,
  log: DiagnosticLog,
): number | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    if (node.kind !== "scalar" || !node.changed) reportNoText(node, log);
    return undefined;
  }
  const text = node.value;
  if (hasReference(text)) return undefined;
  const bytes = parseSize(text);
  if (bytes === undefined) {
    log.report("BAL3016", node, { reason: `"${text}" is not a size`, hint: hintFor(text) });
  } else if (bytes < parseSize(least)! || bytes > parseSize(most)!) {
    const reason = `${text} is not between ${least} and ${most}`;
    log.report("BAL3016", node, { reason, hint: `write a size from ${least} to ${most}` });
  } else {
    return bytes;
  }
  return undefined;
}

/** Bytes of a text, or undefined where it is no size. */
export function parseSize(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  const [, digits, unit] = /^([0-9]+)(.*)$/.exec(text)!;
  return Number(digits) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES];
}

const FORM = new RegExp(SIZE_PATTERN);
const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

function reportNoText(node: YamlNode, log: DiagnosticLog): void {
  if (node.kind === "scalar" && typeof node.value === "number") {
    const reason = `${node.value} has no unit`;
    log.report("BAL3016", node, { reason, hint: hintFor(String(node.value)) });
    return;
  }
  const reason = `must be a size, and is ${describeNode(node)}`;
  log.report("BAL3016", node, { reason, hint: undefined });
}

/** What was probably meant: other units, fractions and spaces are the commonest mistakes. */
function hintFor(text: string): string | undefined {
  const [, digits, unit] = /^\s*([0-9]{1,10}(?:\.[0-9]{1,3})?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const isWhole = !digits.includes(".");
  if (unit === "") return isWhole ? `write ${digits}KiB, ${digits}MiB or ${digits}B` : undefined;
  const at = ["b", "k", "m", "g"].indexOf(unit[0]!.toLowerCase());
  if (at === -1 || !/^(?:b|[kmg](?:i?b)?)$/i.test(unit)) return undefined;
  if (isWhole) return `write ${digits}${UNITS[at]}`;
  const below = Number(digits) * 1024;
  return at > 0 && Number.isInteger(below) ? `write ${below}${UNITS[at - 1]}` : undefined;
}

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;
