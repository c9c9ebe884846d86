/** `balto fmt`. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";

import { formatYaml } from "../../compiler/format/format.ts";
import { unifiedDiff } from "../../compiler/format/line-diff.ts";
import { readTree } from "../../compiler/read-tree.ts";
import { SourceText } from "../../compiler/source-text.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { configFolder } from "../config-folder.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { Failure, reason, UsageError } from "../failure.ts";
import { publish } from "../publish.ts";
import type { Terminal } from "../terminal.ts";

export const fmtCommand: AnyCommand = command({
  name: "fmt",
  summary: "Bring the files of a config tree into one form",
  description: `
Two spaces a level, one blank line at most, comments where they were, keys in the order in which they were
written. What a file says does not change, and a second run changes nothing. A file that is no YAML is
named and left alone.

DIR is a config tree, by default as for \`balto check\`; FILE is any YAML file. FILE - is standard input,
and the result goes to standard output.`,
  operand: { name: "DIR|FILE", summary: "Config trees or files", repeated: true },
  flags: {
    check: {
      type: "boolean",
      summary: "Write nothing; end with status 1 where a file has another form",
    },
    diff: { type: "boolean", summary: "Write nothing; print what would change" },
    quiet: { type: "boolean", short: "q", summary: "Do not list the files" },
  },
  examples: [
    "balto fmt configs",
    "balto fmt --check",
    "balto fmt --diff configs/services/api.yaml",
  ],
  run: ({ operands, flags, terminal }) => {
    if (operands.includes("-")) {
      if (operands.length > 1) throw new UsageError("- stands alone", ["balto fmt - < api.yaml"]);
      return formatInput(flags.check, terminal);
    }
    const mode = { write: !flags.check && !flags.diff, ...flags };
    let status = EXIT_OK;
    let changed = 0;
    for (const path of filesOf(operands, terminal)) {
      const text = readText(path);
      const formatted = formatYaml(text);
      if ("reason" in formatted) {
        const { line, column } = new SourceText(path, text).position(formatted.offset);
        terminal.note(`${path}:${line}:${column} left alone: ${formatted.reason}\n`);
        status = EXIT_FAILED;
        continue;
      }
      if (formatted.text === text) continue;
      changed++;
      if (mode.write) publish(realpathSync(path), Buffer.from(formatted.text));
      else if (mode.check) status = EXIT_FAILED;
      if (mode.diff) terminal.out(unifiedDiff(text, formatted.text, path));
      else if (!mode.quiet) terminal.note(`${mode.write ? "formatted" : "not in form"}: ${path}\n`);
    }
    if (changed === 0 && !mode.quiet && status === EXIT_OK)
      terminal.note("every file is in form\n");
    return status;
  },
});

/** The files that operands name, each once. */
function filesOf(operands: readonly string[], terminal: Terminal): string[] {
  const named = operands.length === 0 ? [configFolder(undefined, terminal.env)] : operands;
  const files = named.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new Failure(`there is no ${path}`);
    if (!stats.isDirectory()) return [path];
    const { files } = readTree(path);
    return files.flatMap((file) =>
      file.content instanceof Uint8Array ? [join(path, file.path)] : [],
    );
  });
  return [...new Set(files)];
}

function formatInput(check: boolean, terminal: Terminal): number {
  const text = readText("-");
  const formatted = formatYaml(text);
  if ("reason" in formatted) throw new Failure(`standard input: ${formatted.reason}`);
  if (check) return formatted.text === text ? EXIT_OK : EXIT_FAILED;
  terminal.out(formatted.text);
  return EXIT_OK;
}

function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      readFileSync(path === "-" ? 0 : path),
    );
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : reason(error);
    throw new Failure(`${path === "-" ? "standard input" : path} cannot be read: ${why}`);
  }
}
