/** `balto import`. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { importBalance } from "../../compiler/import/balance.ts";
import type { ImportedFile } from "../../compiler/import/balance.ts";
import { SCHEMA_NAMES } from "../../schema/schemas.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";
import { readForeign } from "../foreign-file.ts";
import { printReport, REPORT_FLAGS } from "../report-flags.ts";
import { schemaText } from "./schema.ts";

/** Where the tree goes when nobody says: the first place where the other commands look for one. */
const FOLDER = "configs";

export const importCommand: AnyCommand = command({
  name: "import",
  summary: "Make a config tree of a file of Balance",
  description: `
Reads the YAML of the Go load balancer Balance and writes a tree that does what it says: a stream for
mode tcp, services for mode http. What has no counterpart, or means something else here, is warned of
with its line; nothing is lost without a word. With errors nothing is written, and a file that exists is
never touched.`,
  operand: {
    name: "FILE",
    summary: "The file that Balance was given with -config",
    required: "which file should be imported?",
    after: ["balance"],
  },
  flags: {
    output: {
      type: "string",
      short: "o",
      value: "DIR",
      summary: `The folder of the new tree, by default ${FOLDER}`,
    },
    ...REPORT_FLAGS,
  },
  examples: ["balto import balance balance.yaml -o configs", "balto import balance.yaml"],
  run: ({ operand = "", flags, terminal }) => {
    const { output: folder = FOLDER, format = "text", quiet } = flags;
    const content = readForeign(operand);
    const path = basename(operand);
    const { files, diagnostics } = importBalance(path, content);
    const report = {
      folder: dirname(operand),
      tree: { files: [{ path, content }] },
      diagnostics,
      result: undefined,
      elapsedMs: 0,
    };
    printReport(report, format, terminal);
    if (files.length === 0) return EXIT_FAILED;
    for (const written of write(folder, files)) {
      if (!quiet) terminal.note(`wrote ${written}\n`);
    }
    if (!quiet) terminal.note(`now try: balto check ${folder}\n`);
    return EXIT_OK;
  },
});

/** Writes a tree, and the schemas that its files name for editors. */
function write(folder: string, files: readonly ImportedFile[]): string[] {
  const existing = files.map(({ path }) => join(folder, path)).find((path) => existsSync(path));
  if (existing !== undefined) {
    throw new Failure(`${existing} is there already`, "name another folder with -o DIR");
  }
  const schemas = SCHEMA_NAMES.map((name) => ({
    path: `schema/${name}.schema.json`,
    text: schemaText(name),
  })).filter(({ path }) => !existsSync(join(folder, path)));
  return [...files, ...schemas].map(({ path, text }) => {
    const target = join(folder, path);
    try {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text, { flag: "wx" });
    } catch (error) {
      throw new Failure(`${target} cannot be written: ${reason(error)}`);
    }
    return target;
  });
}
