/** `balto check`. */
import { readRouteTests } from "../../compiler/route-test/route-test.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { compileFolder } from "../compiled-folder.ts";
import { configFolder } from "../config-folder.ts";
import { makeRoom } from "../heap.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { contents } from "../model-summary.ts";
import { printReport, REPORT_FLAGS } from "../report-flags.ts";

export const checkCommand: AnyCommand = command({
  name: "check",
  aliases: ["validate"],
  summary: "Say what is wrong with a config tree",
  description: `
Compiles the tree and throws the artifact away. Every error of the whole tree is reported in one run,
with its place, the line it is on and what to do, its route tests included (\`balto test\` runs them).
Warnings alone leave the exit status 0.

The text report goes to stderr; json, sarif and github go to stdout. DIR is by default the folder that
BALTO_CONFIG names, else configs, else the current one: the first that has a balto.config.yaml.`,
  operand: { name: "DIR", summary: "The config tree" },
  flags: REPORT_FLAGS,
  examples: [
    "balto check configs",
    "balto check configs --format sarif > balto.sarif",
    "balto check --format github",
  ],
  run: ({ operand, flags, terminal }) => {
    const folder = configFolder(operand, terminal.env);
    makeRoom(folder);
    const tree = compileFolder(folder);
    const { diagnostics } = readRouteTests(tree.tree, tree.result?.model);
    const compiled = { ...tree, diagnostics: [...tree.diagnostics, ...diagnostics] };
    const format = flags.format ?? "text";
    printReport(compiled, format, terminal);
    if (compiled.result === undefined || diagnostics.length > 0) return EXIT_FAILED;
    if (!flags.quiet && format === "text") {
      terminal.note(`${compiled.folder}: ${contents(compiled.result.model)}, no errors\n`);
    }
    return EXIT_OK;
  },
});
