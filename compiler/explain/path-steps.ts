/**
 * Path steps: which part of a route's pattern took which part of a path. Only for a route that the
 * matcher has found: nothing is decided here.
 */
import type { Service } from "../../artifact/model.ts";
import { parsePattern, type Pattern } from "../../artifact/pattern.ts";

export interface PathStep {
  /** With its leading slash, `/users`; "" where `*` takes nothing. */
  text: string;
  by: "literal" | "parameter" | "rest";
  /** Of a parameter. */
  name?: string;
}

/** The steps of a matched path; runs of literal segments are one step. */
export function pathSteps({ pattern }: Service, path: string): PathStep[] {
  const { segments, rest } = parsePattern(pattern) as Pattern;
  const parts = [...path.matchAll(/\/+[^/]*/g)].map(([part]) => part);
  const filled = parts.filter((part) => !/^\/+$/.test(part));
  const steps: PathStep[] = [];
  for (const [index, { kind, text }] of segments.entries()) {
    const taken = `/${(filled[index] ?? "").replace(/^\/+/, "")}`;
    const last = steps.at(-1);
    if (kind === "parameter") steps.push({ text: taken, by: "parameter", name: text });
    else if (last?.by === "literal") last.text += taken;
    else steps.push({ text: taken, by: "literal" });
  }
  if (rest)
    steps.push({ text: parts.slice(consumed(parts, segments.length)).join(""), by: "rest" });
  return steps;
}

/** How many of the parts the first `count` filled ones take, with the empty ones before them. */
function consumed(parts: readonly string[], count: number): number {
  let left = count;
  let at = 0;
  while (left > 0 && at < parts.length) if (!/^\/+$/.test(parts[at++]!)) left--;
  return at;
}
