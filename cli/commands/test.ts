/** `balto test`. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openArtifact } from "../../artifact/view.ts";
import { Explainer } from "../../compiler/explain/explanation.ts";
import { TESTS_FOLDER } from "../../compiler/parse/collect-files.ts";
import { boundaryTests } from "../../compiler/route-test/boundary-cases.ts";
import { coverageOf } from "../../compiler/route-test/coverage.ts";
import { resultsJson, resultsJunit } from "../../compiler/route-test/results-json.ts";
import { resultsText } from "../../compiler/route-test/results-text.ts";
import { readRouteTests, type RouteTest } from "../../compiler/route-test/route-test.ts";
import { runRouteTests } from "../../compiler/route-test/run.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { compileFolder, reportText } from "../compiled-folder.ts";
import { configFolder } from "../config-folder.ts";
import { makeRoom } from "../heap.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

export const testCommand: AnyCommand = command({
  name: "test",
  summary: "Run the route tests of a config tree",
  description: `
The tests are the files below tests/ of the tree: requests, and what is to become of them. They are put
to the compiled artifact; nothing is started and nothing is sent. A failing test shows what was expected,
what came instead, and the explanation of its request.

--coverage lists the routes that no passing test reaches. --generate writes tests for the boundary cases
of every route into a new file below tests/, with what becomes of them now: review them.`,
  operand: { name: "DIR", summary: "The config tree" },
  flags: {
    coverage: { type: "boolean", summary: "List the routes without a test" },
    generate: { type: "boolean", summary: "Write boundary cases of every route for review" },
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json", "junit"],
      summary: "How to print the results",
    },
  },
  examples: [
    "balto test configs",
    "balto test configs --coverage",
    "balto test --format junit > route-tests.xml",
    "balto test --generate",
  ],
  run: ({ operand, flags, terminal }) => {
    const folder = configFolder(operand, terminal.env);
    makeRoom(folder);
    const compiled = compileFolder(folder);
    const { tree, result } = compiled;
    if (result === undefined) {
      terminal.note(reportText(compiled, "text", terminal));
      throw new Failure(`${folder} does not compile`);
    }
    const { tests, diagnostics } = readRouteTests(tree, result.model);
    if (diagnostics.length > 0) {
      terminal.note(reportText({ ...compiled, diagnostics }, "text", terminal));
      return EXIT_FAILED;
    }
    const explainer = new Explainer(openArtifact(result.artifact), tree);
    if (flags.generate) return generate(folder, explainer, tests, terminal);
    if (tests.length === 0 && !flags.coverage) {
      throw new Failure(
        `${folder} has no route tests`,
        `write some below ${join(folder, TESTS_FOLDER)}, or begin with \`balto test --generate\``,
      );
    }
    const results = runRouteTests(tests, explainer);
    const coverage = flags.coverage ? coverageOf(explainer.model, results) : undefined;
    const { outColour: colour, columns } = terminal;
    if (flags.format === "json") terminal.out(resultsJson(results, coverage));
    else if (flags.format === "junit") terminal.out(resultsJunit(results, folder));
    else terminal.out(resultsText(results, coverage, { colour, columns, prefix: folder }));
    return results.some(({ faults }) => faults.length > 0) ? EXIT_FAILED : EXIT_OK;
  },
});

function generate(
  folder: string,
  explainer: Explainer,
  tests: readonly RouteTest[],
  terminal: Terminal,
): number {
  const text = boundaryTests(explainer, tests);
  if (text === undefined) {
    terminal.note(`${folder}: every boundary case has a test\n`);
    return EXIT_OK;
  }
  const path = freeName(join(folder, TESTS_FOLDER, "generated"));
  try {
    mkdirSync(join(folder, TESTS_FOLDER), { recursive: true });
    const hasSchema = existsSync(join(folder, "schema/tests.schema.json"));
    const editorLine = "# yaml-language-server: $schema=../schema/tests.schema.json\n\n";
    writeFileSync(path, (hasSchema ? editorLine : "") + text, { flag: "wx" });
  } catch (error) {
    throw new Failure(`${path} cannot be written: ${reason(error)}`);
  }
  terminal.note(`wrote ${path}: review it, then run \`balto test\`\n`);
  return EXIT_OK;
}

/** A file that is there is never touched. */
function freeName(stem: string): string {
  for (let n = 1; ; n++) {
    const path = `${stem}${n === 1 ? "" : `-${n}`}.yaml`;
    if (!existsSync(path)) return path;
  }
}
