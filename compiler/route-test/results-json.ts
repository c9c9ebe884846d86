/**
 * Results of route tests for programs: as JSON, and as the XML that CI systems read from JUnit.
 */
import { explanationText } from "../explain/explanation-text.ts";
import { printedPath } from "../report/printed-path.ts";
import type { Coverage } from "./coverage.ts";
import type { TestResult } from "./run.ts";

/** The JSON report. Its version follows that of diagnostics: a minor step adds, a major one may break. */
export function resultsJson(
  results: readonly TestResult[],
  coverage: Coverage | undefined,
): string {
  const failed = results.filter(({ faults }) => faults.length > 0).length;
  const report = {
    format_version: "1.0",
    summary: { passed: results.length - failed, failed },
    tests: results.map(({ test: { name, place }, faults, explanation }) => ({
      name,
      place,
      passed: faults.length === 0,
      faults,
      ...(explanation === undefined ? {} : { explanation }),
    })),
    ...(coverage === undefined ? {} : { coverage }),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The JUnit report: a suite for each file. */
export function resultsJunit(results: readonly TestResult[], prefix: string): string {
  const suites = Map.groupBy(results, ({ test }) => test.place.replace(/:[0-9]+:[0-9]+$/, ""));
  const count = (list: readonly TestResult[]): string => {
    const failures = list.filter(({ faults }) => faults.length > 0).length;
    return `tests="${list.length}" failures="${failures}" errors="0" skipped="0"`;
  };
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="balto" ${count(results)}>`,
  ];
  for (const [file, list] of suites) {
    const name = attribute(printedPath(prefix, file));
    lines.push(`  <testsuite name="${name}" ${count(list)}>`);
    for (const result of list) lines.push(...caseLines(result, prefix));
    lines.push("  </testsuite>");
  }
  return `${[...lines, "</testsuites>"].join("\n")}\n`;
}

function caseLines({ test, faults, explanation }: TestResult, prefix: string): string[] {
  const [file, line] = test.place.split(":") as [string, string];
  const names = [
    `name="${attribute(test.name)}"`,
    `classname="${attribute(file.replace(/\.ya?ml$/, ""))}"`,
    `file="${attribute(printedPath(prefix, file))}"`,
    `line="${line}"`,
    'time="0"',
  ].join(" ");
  if (faults.length === 0) return [`    <testcase ${names}/>`];
  const said = faults.map(({ what, expected, got }) => `${what}: expected ${expected}, got ${got}`);
  const options = { colour: false, columns: 100, prefix };
  const why = explanation === undefined ? "" : explanationText(explanation, options);
  return [
    `    <testcase ${names}>`,
    `      <failure message="${attribute(said.join("; "))}">${content(`${said.join("\n")}\n\n${why}`)}</failure>`,
    "    </testcase>",
  ];
}

function attribute(text: string): string {
  return content(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;");
}

/** XML 1.0 has no way to write most control characters. */
function content(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
