/** `balto init`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";
import { scaffold } from "../scaffold.ts";

export const initCommand: AnyCommand = command({
  name: "init",
  summary: "Start a config tree",
  description: `
Writes balto.config.yaml, an example service with route tests, and the JSON Schemas that the files' first
lines name, so that an editor completes and checks keys. A file that exists is never touched; a tree that has its own
services gets no example.`,
  operand: { name: "DIR", summary: "Where to put it, by default the current folder" },
  flags: {
    quiet: { type: "boolean", short: "q", summary: "Do not list the files" },
  },
  examples: ["balto init configs", "balto init"],
  run: ({ operand = ".", flags, terminal }) => {
    let written = 0;
    for (const { path, text } of scaffold(operand)) {
      const target = join(operand, path);
      const isNew = writeNew(target, text);
      if (isNew) written++;
      if (!flags.quiet) terminal.note(`${isNew ? "wrote" : "kept "} ${target}\n`);
    }
    if (!flags.quiet) {
      const where = operand === "." ? "" : ` ${operand}`;
      const next = written === 0 ? "nothing to do" : `now try: balto check${where}`;
      terminal.note(`${next}\n`);
    }
    return EXIT_OK;
  },
});

/** @returns false where there is such a file already */
function writeNew(path: string, text: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && isOwn(error, path)) return false;
    throw new Failure(`${path} cannot be written: ${reason(error)}`);
  }
}

/** mkdir too says EEXIST, where a file is in a folder's place. */
function isOwn(error: unknown, path: string): boolean {
  return (error as NodeJS.ErrnoException).path === path;
}
