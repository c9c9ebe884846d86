/**
 * Durations: `500ms`, `5s`, `1m30s` (the form of Gateway API's GEP-2257) to milliseconds.
 */
import { hasReference } from "../../artifact/reference.ts";
import { DURATION_PATTERN } from "../../schema/schemas.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import type { YamlNode } from "../parse/yaml-node.ts";
import { describeNode } from "../validate/type-words.ts";

/** A timer of the data plane holds 31 bits of milliseconds. */
const DURATION_HOURS_MAX = 596;

/**
 * Milliseconds of a node, or of `fallback` where the key is left out or wrong.
 *
 * @param least 1 where zero would mean "give up at once"; there is no "no limit"
 * @param mostHours beyond it is an error
 */
export function readDuration(
  node: YamlNode | undefined,
  fallback: string,
  least: 0 | 1,
  log: DiagnosticLog,
  mostHours = DURATION_HOURS_MAX,
): number {
  const otherwise = parseDuration(fallback) ?? 0;
  if (node === undefined) return otherwise;
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    if (node.kind !== "scalar" || !node.changed) reportNoText(node, log);
    return otherwise;
  }
  const text = node.value;
  if (hasReference(text)) return otherwise;
  const ms = parseDuration(text);
  if (ms === undefined) {
    log.report("BAL3001", node, { reason: `"${text}" is not a duration`, hint: hintFor(text) });
  } else if (ms > mostHours * UNIT_MS.h) {
    const hint = `the longest is ${mostHours}h`;
    log.report("BAL3001", node, { reason: `${text} is too long`, hint });
  } else if (ms < least) {
    const hint = "there is no endless limit: write a long one, such as 24h";
    log.report("BAL3001", node, { reason: `${text} would end everything at once`, hint });
  } else {
    return ms;
  }
  return otherwise;
}

/** Milliseconds of a text, or undefined where it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  let ms = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    ms += Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return ms;
}

const FORM = new RegExp(DURATION_PATTERN);
const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

function reportNoText(node: YamlNode, log: DiagnosticLog): void {
  if (node.kind === "scalar" && typeof node.value === "number") {
    const reason = `${node.value} has no unit`;
    log.report("BAL3001", node, { reason, hint: `write ${node.value}s or ${node.value}ms` });
    return;
  }
  const reason = `must be a duration, and is ${describeNode(node)}`;
  log.report("BAL3001", node, { reason, hint: undefined });
}

function hintFor(text: string): string | undefined {
  if (/^[0-9]+$/.test(text)) return `write ${text}s or ${text}ms`;
  const spaced = text.replaceAll(/\s+/g, "").toLowerCase();
  if (FORM.test(spaced)) return `write ${spaced}`;
  return /^[0-9]+d$/.test(spaced)
    ? `there are no days: write ${Number(spaced.slice(0, -1)) * 24}h`
    : undefined;
}
