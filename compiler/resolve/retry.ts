/**
 * Retries and hedging: the `retry` block of a service or of `global`, the `hedge` block of a service.
 */
import type { RetryPolicy } from "../../artifact/model.ts";
import { SERVICE_DEFAULTS } from "../../schema/defaults.gen.ts";
import type { Backoff, Hedge, Retry } from "../../schema/types.gen.ts";
import type { DiagnosticLog } from "../diagnostic-log.ts";
import { nearest } from "../nearest.ts";
import { itemsOf, type YamlNode } from "../parse/yaml-node.ts";
import { Block, type Draft } from "./block.ts";
import { field } from "./field.ts";
import { durationKey, readNumber, readPercent, readTruth, toPercent } from "./scalar.ts";
import { parseSize, readSize } from "./size.ts";
import { hintFor, mergeRanges, parseStatus, statusText } from "./status.ts";

export interface RetryDraft {
  plain: Draft<Omit<RetryPolicy, "backoff">>;
  backoff: Draft<RetryPolicy["backoff"]> | undefined;
}

export type HedgeDraft = Draft<{ afterMs: number }>;

type Conditions = RetryPolicy["on"];

const DEFAULTS = SERVICE_DEFAULTS.retry;
const BUFFER = { least: "0B", most: "16MiB" };
/** Failures by name. */
const NAMES = new Map<string, keyof Omit<Conditions, "statuses">>([
  ["connect-failure", "connectFailure"],
  ["reset", "reset"],
  ["timeout", "timeout"],
]);

const PLAIN = new Block<Retry, Omit<RetryPolicy, "backoff">>({
  attempts: { key: "attempts", read: readNumber, fallback: DEFAULTS.attempts },
  on: { key: "on", read: readConditions, fallback: conditionsOf(DEFAULTS.on) },
  unsafe: { key: "unsafe", read: readTruth, fallback: DEFAULTS.unsafe },
  budgetPercent: { key: "budget", read: readPercent, fallback: toPercent(DEFAULTS.budget) },
  perTryTimeoutMs: durationKey("per_try_timeout", DEFAULTS.per_try_timeout, 0),
  bufferBytes: {
    key: "buffer",
    read: (node, log) => readSize(node, BUFFER, log),
    fallback: parseSize(DEFAULTS.buffer)!,
  },
});

const BACKOFF = new Block<Backoff, RetryPolicy["backoff"]>({
  initialMs: durationKey("initial", DEFAULTS.backoff.initial, 0, 1),
  maxMs: durationKey("max", DEFAULTS.backoff.max, 0, 1),
  multiplierPercent: {
    key: "multiplier",
    read: readPercent,
    fallback: toPercent(DEFAULTS.backoff.multiplier),
  },
  jitterPercent: {
    key: "jitter",
    read: readPercent,
    fallback: toPercent(DEFAULTS.backoff.jitter),
  },
});

export const HEDGE = new Block<Hedge, { afterMs: number }>({
  afterMs: durationKey("after", SERVICE_DEFAULTS.hedge.after, 0),
});

/** Reads a block of retries. */
export function readRetry(node: YamlNode | undefined, log: DiagnosticLog): RetryDraft | undefined {
  const plain = PLAIN.read(node, log);
  if (plain === undefined) return undefined;
  return { plain, backoff: BACKOFF.read(field<Retry>(node, "backoff"), log) };
}

/** What holds. */
export function completeRetry(
  own: RetryDraft | undefined,
  global: RetryDraft | undefined,
): RetryPolicy {
  return {
    ...PLAIN.complete(own?.plain, global?.plain),
    backoff: BACKOFF.complete(own?.backoff, global?.backoff),
  };
}

function readConditions(list: YamlNode, log: DiagnosticLog): Conditions | undefined {
  if (list.kind !== "list") return undefined;
  const known = itemsOf(list).flatMap((item) => {
    const text = statusText(item);
    if (text === undefined) return [];
    if (NAMES.has(text) || parseStatus(text) !== undefined) return text;
    log.report("BAL3019", item, {
      text,
      near: nearest(text, [...NAMES.keys()]),
      hint: hintFor(text),
    });
    return [];
  });
  return conditionsOf(known);
}

function conditionsOf(texts: readonly string[]): Conditions {
  return {
    connectFailure: texts.includes("connect-failure"),
    reset: texts.includes("reset"),
    timeout: texts.includes("timeout"),
    statuses: mergeRanges(texts.flatMap((text) => parseStatus(text) ?? [])),
  };
}
