/**
 * Results of route tests for people: each failing one with what was expected, what came instead, and why.
 */
import { explanationText, type TextOptions } from "../explain/explanation-text.ts";
import { routeLine } from "../explain/route-ref.ts";
import { type Paint, painter } from "../report/colour.ts";
import { printable } from "../report/printable.ts";
import { printedPath } from "../report/printed-path.ts";
import type { Coverage } from "./coverage.ts";
import type { TestResult } from "./run.ts";

/** The text, with a line end after each line. */
export function resultsText(
  results: readonly TestResult[],
  coverage: Coverage | undefined,
  options: TextOptions,
): string {
  const paint = painter(options.colour);
  const blocks = results
    .filter(({ faults }) => faults.length > 0)
    .map((result) => failureLines(result, options, paint).join("\n"));
  const failed = blocks.length;
  const passed = results.length - failed;
  const role = failed > 0 ? "error" : "help";
  const summary = paint(role, `${passed} passed, ${failed} failed`);
  const rest = coverage === undefined ? [] : coverageLines(coverage, options, paint);
  return `${[...blocks, [summary, ...rest].join("\n")].join("\n\n")}\n`;
}

function failureLines(
  { test, faults, explanation }: TestResult,
  options: TextOptions,
  paint: Paint,
): string[] {
  const place = paint("place", printable(printedPath(options.prefix, test.place)));
  const width = Math.max(...faults.map(({ what }) => what.length));
  const lines = faults.flatMap(({ what, expected, got }) => [
    `  ${what.padEnd(width)}  ${paint("help", "expected")}  ${printable(expected)}`,
    `  ${" ".repeat(width)}  ${paint("error", "got     ")}  ${printable(got)}`,
  ]);
  const why =
    explanation === undefined ? [] : explanationText(explanation, options).trimEnd().split("\n");
  return [
    `${place} ${paint("error", "failed")} ${printable(test.name)}`,
    ...lines,
    ...why.map((line) => `    ${line}`.trimEnd()),
  ];
}

function coverageLines(
  { covered, total, missing }: Coverage,
  { prefix }: TextOptions,
  paint: Paint,
): string[] {
  const percent = total === 0 ? 100 : Math.floor((covered * 100) / total);
  return [
    `${covered} of ${total} routes have a test (${percent}%)`,
    ...missing.map((route) => {
      const place = paint("gutter", printable(printedPath(prefix, route.place)));
      return `  without: ${printable(route.service)}  ${printable(routeLine(route))}  ${place}`;
    }),
  ];
}
