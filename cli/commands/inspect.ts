/** `balto inspect`. */
import { readFileSync } from "node:fs";

import { ArtifactError } from "../../artifact/container.ts";
import { inspect } from "../../artifact/inspect.ts";
import type { TrustedKey } from "../../artifact/signature.ts";
import { command } from "../command.ts";
import type { AnyCommand } from "../command.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.ts";
import { Failure, reason } from "../failure.ts";
import { trustedKey } from "../key-file.ts";

export const inspectCommand: AnyCommand = command({
  name: "inspect",
  summary: "Show what is in an artifact",
  description: `
The artifact is verified first, as the data plane would: a bad one is refused with the reason. Text is
for people; JSON is for programs. FILE - is standard input.

With --trust it says of each signature whether it holds, and the status is 1 unless one of these keys
has signed the artifact.`,
  operand: { name: "FILE", summary: "The artifact", required: "which artifact should be shown?" },
  flags: {
    trust: {
      type: "string",
      value: "KEY",
      summary: "Check signatures with this public key, a file",
      repeated: true,
    },
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
    "balto inspect balto.artifact --trust release.pub",
    "balto compile -o - | balto inspect -",
  ],
  run: ({ operand = "", flags, terminal }) => {
    const trusted = flags.trust.map(trustedKey);
    const shown = inspected(operand, trusted);
    if (flags.format === "json") terminal.out(`${JSON.stringify(shown.json, null, 2)}\n`);
    else terminal.out(`${shown.lines.join("\n")}\n`);
    const isTrusted = shown.json.signatures.some(({ holds }) => holds === true);
    return trusted.length === 0 || isTrusted ? EXIT_OK : EXIT_FAILED;
  },
});

function inspected(file: string, trusted: readonly TrustedKey[]): ReturnType<typeof inspect> {
  const name = file === "-" ? "standard input" : file;
  let bytes: Uint8Array;
  try {
    // A copy in a buffer of its own: the artifact's numbers are aligned to its start.
    bytes = new Uint8Array(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    throw new Failure(`${name} cannot be read: ${reason(error)}`);
  }
  try {
    return inspect(bytes, trusted);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    throw new Failure(`${name} is not a sound artifact: ${error.message}`);
  }
}
