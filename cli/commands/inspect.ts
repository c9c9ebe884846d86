/** `balto inspect`. */
import { readFileSync } from "node:fs";

import { ArtifactError } from "../../artifact/container.ts";
import { inspect } from "../../artifact/inspect.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";

export const inspectCommand: AnyCommand = command({
  name: "inspect",
  summary: "Show what is in an artifact",
  description: `
The artifact is verified first, as the data plane would: a bad one is refused with the reason. Text is
for people; JSON is for programs. FILE - is standard input.`,
  operand: { name: "FILE", summary: "The artifact", required: "which artifact should be shown?" },
  flags: {
    format: {
      type: "string",
      value: "FORMAT",
      choices: ["text", "json"],
      summary: "How to print it",
    },
  },
  examples: [
    "balto inspect balto.artifact",
    "balto inspect balto.artifact --format json",
    "balto compile -o - | balto inspect -",
  ],
  run: ({ operand = "", flags, terminal }) => {
    const shown = inspected(operand);
    if (flags.format === "json") terminal.out(`${JSON.stringify(shown.json, null, 2)}\n`);
    else terminal.out(`${shown.lines.join("\n")}\n`);
    return EXIT_OK;
  },
});

function inspected(file: string): ReturnType<typeof inspect> {
  const name = file === "-" ? "standard input" : file;
  let bytes: Uint8Array;
  try {
    // A copy in a buffer of its own: the artifact's numbers are aligned to its start.
    bytes = new Uint8Array(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    throw new Failure(`${name} cannot be read: ${reason(error)}`);
  }
  try {
    return inspect(bytes);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new Failure(`${name} is not a sound artifact: ${error.message}`);
  }
}
